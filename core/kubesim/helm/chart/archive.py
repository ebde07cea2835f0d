"""Reads and writes .tgz chart archives; what they contain is checked before anything of it is used."""

import gzip
import io
import posixpath
import re
import tarfile
import zlib
from typing import Final

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.quoting import quote

MAX_CHART_SIZE: Final = 100 * 1024 * 1024
"""Bytes that the files of a chart may have together."""

_DRIVE: Final = re.compile(r"[a-zA-Z]:/")
_TOO_LARGE: Final = f"decompressed chart is larger than the maximum size {MAX_CHART_SIZE}"
_BOM: Final = b"\xef\xbb\xbf"


def read_archive(data: bytes) -> list[File]:
    """The files of an archive without their first folder; links are empty files. ChartError with Helm's text."""
    if len(data) < 10:
        raise ChartError("unexpected EOF" if data else "EOF")
    if not data.startswith(b"\x1f\x8b"):
        raise ChartError("gzip: invalid header")
    try:
        with tarfile.open(fileobj=io.BytesIO(_decompressed(data)), mode="r:") as archive:
            files = _files(archive)
    except tarfile.ReadError as error:
        if "empty" in str(error):
            raise ChartError("no files in chart archive") from None
        raise ChartError("archive/tar: invalid tar header") from None
    except tarfile.TarError:
        raise ChartError("archive/tar: invalid tar header") from None
    if not files:
        raise ChartError("no files in chart archive")
    return files


def _decompressed(data: bytes) -> bytes:
    """All of the archive, but never much more than a chart may have."""
    limit = MAX_CHART_SIZE + (MAX_CHART_SIZE >> 2)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(limit + 1)
    except (OSError, zlib.error):
        raise ChartError("gzip: invalid checksum") from None
    except EOFError:
        raise ChartError("unexpected EOF") from None
    if len(plain) > limit:
        raise ChartError(_TOO_LARGE)
    return plain


def _files(archive: tarfile.TarFile) -> list[File]:
    files: list[File] = []
    remaining = MAX_CHART_SIZE
    for entry in archive:
        if entry.isdir() or entry.name.endswith("/"):
            continue
        name = _checked_name(entry.name)
        if entry.size > remaining:
            raise ChartError(_TOO_LARGE)
        data = b""
        if entry.isreg():
            stream = archive.extractfile(entry)
            data = stream.read() if stream is not None else b""
            remaining -= len(data)
        files.append(File(name, data.removeprefix(_BOM)))
    return files


def _checked_name(full: str) -> str:
    """The name inside the chart; ChartError when it would lead anywhere else."""
    separator = "\\" if "\\" in full else "/"
    first, _, rest = full.partition(separator)
    name = rest.replace(separator, "/")
    if name.startswith("/"):
        raise ChartError("chart illegally contains absolute paths")
    name = posixpath.normpath(name) if name else "."
    if name == ".":
        raise ChartError(f"chart illegally contains content outside the base directory: {quote(full)}")
    if name.startswith(".."):
        raise ChartError("chart illegally references parent directory")
    if _DRIVE.match(name):
        raise ChartError("chart contains illegally named files")
    if first == "Chart.yaml":
        raise ChartError("chart yaml not in base directory")
    return name
