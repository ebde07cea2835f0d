"""Fetches what repositories hold: from folders, file:// and samples:// addresses, and over HTTP with credentials."""

import os
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.addresses import index_address, is_oci, same_host
from kubesim.helm.repository.entries import Entry
from kubesim.helm.repository.index import Index, read_index
from kubesim.helm.repository.registry.exchange import Credentials, HttpRequest
from kubetui.repositories.files import reason, write_whole
from kubetui.repositories.settings import Settings
from kubetui.repositories.transport import Security, Transport, masked

SAMPLES: Final = "samples://"
"""The address of the repository that comes with the program."""
# differs: Helm limits only what comes out of an archive, and an index not at all
MAX_ARCHIVE: Final = 64 * 1024 * 1024
"""Bytes that an archive may have."""
MAX_INDEX: Final = 64 * 1024 * 1024
SCHEMES: Final = ("http", "https", "oci", "file", "samples")


class Access(NamedTuple):
    """How a repository's files are fetched; ``url`` is the repository's, whose host may see the credentials."""

    url: str = ""
    username: str = ""
    password: str = ""
    pass_credentials: bool = False
    security: Security = Security()
    timeout: float = 120.0

    def __repr__(self) -> str:
        """Without the password."""
        return f"Access(url={self.url!r}, username={self.username!r})"


def access_of(entry: Entry, timeout: float = 120.0) -> Access:
    """How a repository that was added is reached."""
    security = Security(entry.ca_file, entry.cert_file, entry.key_file, entry.insecure_skip_tls_verify)
    return Access(entry.url, entry.username, entry.password, entry.pass_credentials_all, security, timeout)


def check_scheme(url: str, text: str = "could not find protocol handler for: {}") -> None:
    """ChartError with Helm's text for an address that nothing can fetch from."""
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise ChartError(text.format(scheme))


def fetch(url: str, access: Access, limit: int = MAX_ARCHIVE) -> bytes:
    """The content of an address; ChartError with Helm's text."""
    check_scheme(url, 'scheme "{}" not supported')
    if urlsplit(url).scheme in {"file", "samples"}:
        return _read_file(local_path(url), limit)
    if is_oci(url):
        # A registry has no index; Helm finds that out when it asks for one.
        raise ChartError('failed to perform "FetchReference" on source: invalid reference')
    headers = {}
    if access.username and access.password and (access.pass_credentials or same_host(access.url or url, url)):
        headers["Authorization"] = Credentials(access.username, access.password).basic
    request = HttpRequest("GET", url, headers, limit=limit)
    reply = Transport(access.security, access.timeout).send(request)
    if reply.status != 200:
        raise ChartError(f"failed to fetch {masked(url)} : {reply.status} {reply.reason}".rstrip())
    return reply.body


def local_path(url: str) -> Path:
    """The file that a file:// or samples:// address means."""
    path = unquote(urlsplit(url).path)
    if not url.startswith(SAMPLES):
        return Path(path or "/")
    return Path(samples_folder(), *[part for part in path.split("/") if part not in {"", ".", ".."}])


def samples_folder() -> Path:
    """The folder of the repository that comes with the program."""
    import kubetui  # noqa: PLC0415 (only its place on disk is wanted)

    package = Path(kubetui.__file__).resolve().parent
    installed = package / "sample-clusters" / "charts-repository"
    return installed if installed.is_dir() else package.parents[1] / "sample-clusters" / "charts-repository"


def _read_file(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise ChartError(f"failed to fetch {path} : it is larger than the {limit} bytes that are allowed")
            return file.read(limit)
    except OSError as error:
        raise ChartError(f"open {path}: {reason(error)}") from None


def download_index(entry: Entry, settings: Settings, timeout: float, warnings: list[str]) -> None:
    """Fetch a repository's index into the cache; ChartError with Helm's text, and the cache is as it was."""
    check_scheme(entry.url)
    data = fetch(index_address(entry.url), access_of(entry, timeout), MAX_INDEX)
    index = read_index(data, entry.url, warnings)
    folder = Path(settings.repository_cache)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChartError(f"mkdir {folder}: {reason(error)}") from None
    names = "".join([f"{name}\n" for name in sorted(index.entries)])
    write_whole(settings.charts_file(entry.name), names.encode())
    write_whole(settings.index_file(entry.name), data)


def cached_index(name: str, settings: Settings, warnings: list[str]) -> Index:
    """The index of a repository as it was fetched last; FileNotFoundError when it never was."""
    path = settings.index_file(name)
    return read_index(path.read_bytes(), str(path), warnings)
