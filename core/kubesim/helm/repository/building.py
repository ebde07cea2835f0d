"""Builds the index of a repository out of the chart archives that lie in its folder."""

import hashlib
import posixpath
from collections.abc import Iterable

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load_archive
from kubesim.helm.chart.metadata import validate
from kubesim.helm.repository.addresses import joined
from kubesim.helm.repository.documents import time_text
from kubesim.helm.repository.index import ChartVersion, Index
from kubesim.helm.template.errors import GoError


def digest_of(data: bytes) -> str:
    """The checksum as indexes have it: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def build_index(archives: Iterable[File], base: str, now: int) -> Index:
    """The index of the archives; what is no chart is passed over.

    The names of the archives are their paths below the folder, ``base`` is the URL of the folder or empty, ``now``
    is in nanoseconds since 1970. GoError with Helm's text.
    """
    index = Index(generated=time_text(now))
    for archive in archives:
        try:
            chart = load_archive(archive.data)
        except GoError:
            continue
        folder, name = posixpath.split(archive.name)
        metadata = chart.metadata
        try:
            validate(metadata)
        except GoError as error:
            problem = f"validate failed for {name}: {error}"
            raise ChartError(f"failed adding to {name} to index: {problem}") from None
        version = ChartVersion(metadata, [_address(base, folder, name)], time_text(now), digest_of(archive.data))
        index.entries.setdefault(metadata.name, []).append(version)
    return index


def _address(base: str, folder: str, name: str) -> str:
    """Where the archive is, as the index says it."""
    if not base:
        return posixpath.join(folder, name)
    return joined(joined(base, folder), name)
