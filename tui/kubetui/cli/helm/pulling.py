"""``kubetui helm pull`` and ``push``: charts out of repositories and registries, and into registries."""

import os
import time
from pathlib import Path
from typing import Final

from kubesim.helm.chart.archive import read_archive
from kubesim.helm.chart.chart import File, Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load_archive
from kubesim.helm.chart.metadata import read_metadata
from kubesim.helm.repository.addresses import OCI, is_oci
from kubesim.helm.repository.registry.plans import Upload
from kubesim.helm.repository.registry.references import UNDERSCORE_NOTE, parse_reference, tag_of
from kubesim.helm.template.values import decode
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.references import ACCESS_FLAGS, CHART_FLAGS, exact_words, options_of, settings_of
from kubetui.repositories.files import reason, write_whole
from kubetui.repositories.getters import MAX_ARCHIVE
from kubetui.repositories.locating import Locator
from kubetui.repositories.registries import RegistryClient

PULL_USAGE: Final = "pull [chart URL | repo/chartname] [...] [flags]"
PUSH_USAGE: Final = "push [chart] [remote] [flags]"
PULL_FLAGS: Final = {
    **CHART_FLAGS,
    "destination": Flag(TEXT, "d"),
    "prov": Flag(SWITCH),
    "untar": Flag(SWITCH),
    "untardir": Flag(TEXT),
}
PUSH_FLAGS: Final = ACCESS_FLAGS


def pull(parsed: Parsed) -> int:
    """Write the archives of charts, or their files."""
    for name in exact_words(parsed, "pull", PULL_USAGE, 1, 1000):
        _pull_one(name, parsed)
    return 0


def _pull_one(name: str, parsed: Parsed) -> None:
    locator = Locator(options_of(parsed), settings_of(parsed), print)
    content = locator.fetch(locator.target(name), parsed.on("prov"))
    if content.note:
        print(f"WARNING: Verification not found for {name}: {content.note}")
    folder = Path(parsed.text("destination", "."))
    if parsed.on("untar"):
        _unpack(content.data, folder, name, parsed)
        return
    write_whole(folder / content.name, content.data)
    if content.provenance is not None:
        write_whole(folder / f"{content.name}.prov", content.provenance)


def _unpack(data: bytes, folder: Path, name: str, parsed: Parsed) -> None:
    """Write the files of an archive below a folder of the chart's name; everything is checked before anything is."""
    target = folder / parsed.text("untardir", ".")
    shown = Path(os.path.normpath(target / os.path.basename(name)))
    if shown.exists():
        raise ChartError(f"failed to untar: a file or directory with the name {shown} already exists")
    # differs: Helm has made a folder by now, and leaves it behind when the archive is refused
    files = read_archive(data)
    chart = target / _chart_name(files)
    for file in files:
        path = chart / file.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ChartError(f"failed to untar (mkdir): mkdir {path.parent}: {reason(error)}") from None
        write_whole(path, file.data)


def _chart_name(files: list[File]) -> str:
    """The name in Chart.yaml, which names the folder."""
    metadata = Metadata()
    for file in files:
        if file.name == "Chart.yaml":
            read_metadata(decode(file.data), metadata)
    if not metadata.name:
        raise ChartError("chart name not specified")
    if metadata.name in {".", ".."} or "/" in metadata.name or "\\" in metadata.name:
        raise ChartError(f'"{metadata.name}" is not a valid chart name')
    return metadata.name


def push(parsed: Parsed) -> int:
    """Upload a chart to a registry."""
    words = exact_words(parsed, "push", PUSH_USAGE, 2, 1000)
    name, remote = words[0], words[1]
    if not is_oci(remote):
        scheme, separator, _ = remote.partition("://")
        raise ChartError(f'scheme "{scheme if separator else ""}" not supported')
    path = Path(name)
    if not path.exists():
        raise ChartError(f"{name}: no such file")
    if path.is_dir():
        raise ChartError("cannot push directory, must provide chart archive (.tgz)")
    upload = _upload(path)
    about = upload.metadata
    reference = parse_reference(f"{OCI}{remote.removeprefix(OCI).rstrip('/')}/{about.name}:{tag_of(about.version)}")
    digest = RegistryClient(options_of(parsed), settings_of(parsed)).push(reference, upload)
    print(f"Pushed: {reference}\nDigest: {digest}")
    if "_" in str(reference):
        print(f"{reference} contains an underscore.\n{UNDERSCORE_NOTE}")
    return 0


def _upload(path: Path) -> Upload:
    try:
        status = path.stat()
        if status.st_size > MAX_ARCHIVE:
            raise ChartError(f"{path}: it is larger than the {MAX_ARCHIVE} bytes that are allowed")
        data = path.read_bytes()
        proof = path.with_name(f"{path.name}.prov")
        provenance = proof.read_bytes() if proof.is_file() else None
    except OSError as error:
        raise ChartError(f"open {path}: {reason(error)}") from None
    chart = load_archive(data)
    return Upload(chart.metadata, data, _local_time(status.st_mtime), provenance)


def _local_time(moment: float) -> str:
    """A time in RFC 3339 in the zone of this machine, as Helm notes when an archive was made."""
    local = time.localtime(moment)
    if not local.tm_gmtoff:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", local)
    sign, minutes = "-" if local.tm_gmtoff < 0 else "+", abs(local.tm_gmtoff) // 60
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
