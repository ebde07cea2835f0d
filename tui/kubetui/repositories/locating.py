"""Finds a chart by any name it has: a path, a repository's chart, a URL, a reference to a registry; and fetches it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.functions.urls import parse, write
from kubesim.helm.repository.addresses import index_address, is_oci, last_part, resolve, same_host
from kubesim.helm.repository.entries import Entry, Repositories, read_repositories
from kubesim.helm.repository.index import Index, read_index
from kubesim.helm.repository.registry.manifests import PROVENANCE
from kubesim.helm.repository.registry.plans import Pulled
from kubesim.helm.repository.registry.references import UNDERSCORE_NOTE, Reference
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubetui.repositories import ChartOptions
from kubetui.repositories.cache import ContentCache
from kubetui.repositories.files import reason
from kubetui.repositories.getters import MAX_INDEX, Access, access_of, cached_index, check_scheme, fetch
from kubetui.repositories.registries import RegistryClient
from kubetui.repositories.settings import Settings
from kubetui.repositories.transport import Security

DEVELOPMENT: Final = ">0.0.0-0"
NO_SIGNATURES: Final = (
    "signatures cannot be verified here: kubetui has no OpenPGP; leave out --verify (checksums are always checked)"
)
Tell = Callable[[str], None]


class Target(NamedTuple):
    """What is to be fetched: an address with its access, or a reference to a registry; ``digest`` may be unknown."""

    name: str
    url: str = ""
    access: Access = Access()
    digest: str = ""
    reference: Reference | None = None


class Content(NamedTuple):
    """A chart that was fetched, and its provenance where that was asked for and exists."""

    name: str
    data: bytes
    provenance: bytes | None = None
    note: str = ""


def wanted_version(options: ChartOptions) -> str:
    """The version or constraint that the flags ask for."""
    version = options.version.strip()
    return DEVELOPMENT if options.devel and not version else version


def load_repositories(settings: Settings) -> Repositories:
    """The repositories that were added; none when there is no file. ChartError when it cannot be read."""
    path = settings.repository_config
    try:
        return read_repositories(Path(path).read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return Repositories()
    except OSError as error:
        raise ChartError(f"couldn't load repositories file ({path}): open {path}: {reason(error)}") from None


def locate(reference: str, options: ChartOptions, settings: Settings, tell: Tell | None = None) -> Path:
    """See kubetui.repositories.locate_chart."""
    name = reference.strip()
    if not options.repository:
        if os.path.exists(name):
            if options.verify:
                raise ChartError(NO_SIGNATURES)
            return Path(os.path.abspath(name))
        if os.path.isabs(name) or name.startswith("."):
            raise ChartError(f"path {quote(name)} not found")
    locator = Locator(options, settings, tell)
    target = locator.target(name)
    cache = ContentCache(settings.content_cache)
    if target.digest and not options.verify and cache.get(target.digest) is not None:
        return cache.path(target.digest).absolute()
    return cache.put(locator.fetch(target).data).absolute()


class Locator:
    """Finds and fetches charts with one user's options."""

    def __init__(self, options: ChartOptions, settings: Settings, tell: Tell | None = None) -> None:
        self.options = options
        self.settings = settings
        self.tell = tell or _nobody
        self.version = wanted_version(options)

    def access(self, url: str) -> Access:
        """How an address is reached that belongs to no repository."""
        options = self.options
        security = Security(options.ca_file, options.cert_file, options.key_file, options.insecure_skip_tls_verify)
        return Access(
            url, options.username, options.password, options.pass_credentials, security, options.timeout
        )  # fmt: skip

    def target(self, name: str) -> Target:
        """Where the chart is; ChartError with Helm's text."""
        if self.options.repository:
            return self.in_repository(self.options.repository, name)
        if is_oci(name) and len(name) > len("oci://"):
            reference = RegistryClient(self.options, self.settings).find(name, self.version)
            return Target(_archive_name(reference), reference=reference)
        parts = urlsplit(name)
        if parts.scheme and (parts.netloc or parts.scheme in {"file", "samples"}) and parts.path:
            return self.listed(name, self._owner(name), "")
        return self.in_added(name)

    def _owner(self, url: str) -> Access:
        """The access of the repository whose index has this very address, or else what the flags say."""
        for entry in load_repositories(self.settings).entries:
            try:
                index = cached_index(entry.name, self.settings, [])
            except (OSError, GoError):
                continue
            for versions in index.entries.values():
                if any(resolve(entry.url, one) == url for version in versions for one in version.urls or ()):
                    return self.merged(entry)
        return self.access(url)

    def merged(self, entry: Entry) -> Access:
        """The access of a repository that was added; where it has no credentials the flags' are taken."""
        own, flags = access_of(entry, self.options.timeout), self.access(entry.url)
        if not (own.username and own.password):
            own = own._replace(username=flags.username, password=flags.password)
        # k8s: helm's download takes --insecure-skip-tls-verify from the command line only
        security = Security(
            own.security.ca_file or flags.security.ca_file,
            own.security.cert_file or flags.security.cert_file,
            own.security.key_file or flags.security.key_file,
            flags.security.insecure_skip_tls_verify,
        )
        passing = own.pass_credentials or flags.pass_credentials
        return own._replace(security=security, pass_credentials=passing)

    def in_repository(self, repository: str, name: str) -> Target:
        """A chart by its name in the repository of --repo."""
        check_scheme(repository)
        access = self.access(repository)
        try:
            index = self._read(fetch(index_address(repository), access, MAX_INDEX), repository)
        except GoError as error:
            raise ChartError(
                f"looks like {quote(repository)} is not a valid chart repository or cannot be reached: {error}"
            ) from None
        shown = f"chart {quote(name)}" + (f" version {quote(self.version)}" if self.version else "")
        try:
            found = index.get(name, self.version)
        except GoError:
            raise ChartError(f"{shown} not found in {repository} repository") from None
        if not found.urls:
            raise ChartError(f"{shown} has no downloadable URLs")
        url = resolve(repository, found.urls[0])
        if not access.pass_credentials and not same_host(repository, url):
            access = access._replace(username="", password="")
        return self.listed(url, access, found.digest)

    def in_added(self, name: str) -> Target:
        """A chart of a repository that was added: REPOSITORY/CHART."""
        url = parse(name)
        repository, slash, chart = url.path.partition("/")
        if not slash:
            raise ChartError(f"non-absolute URLs should be in form of repo_name/path_to_chart, got: {write(url)}")
        entry = load_repositories(self.settings).get(repository)
        if entry is None:
            raise ChartError(f"repo {repository} not found")
        check_scheme(entry.url)
        index = self.index_of(entry)
        try:
            found = index.get(chart, self.version)
        except GoError as error:
            raise ChartError(
                f"chart {quote(chart)} matching {self.version} not found in {repository} index. "
                f"(try 'helm repo update'): {error}"
            ) from None
        if not found.urls:
            raise ChartError(f"chart {quote(name)} has no downloadable URLs")
        return self.listed(resolve(entry.url, found.urls[0]), self.merged(entry), found.digest)

    def listed(self, url: str, access: Access, digest: str) -> Target:
        """The target of an address that an index gives; ChartError for one that an index has no business to give."""
        scheme = urlsplit(url).scheme
        if scheme == "oci":
            reference = RegistryClient(self.options, self.settings).find(url, "")
            return Target(_archive_name(reference), reference=reference)
        # What a server says must not make this machine read its own files.
        if scheme in {"file", "samples"} and urlsplit(access.url).scheme != scheme:
            raise ChartError(f'scheme "{scheme}" not supported')
        name = last_part(url)
        if name in {"", ".", ".."}:
            raise ChartError(f"invalid chart URL format: {url}")
        return Target(name, url, access, _plain_digest(digest))

    def index_of(self, entry: Entry) -> Index:
        """The cached index of a repository."""
        path = self.settings.index_file(entry.name)
        hint = "no cached repo found. (try 'helm repo update')"
        try:
            return self._read(path.read_bytes(), str(path))
        except OSError as error:
            raise ChartError(f"{hint}: open {path}: {reason(error)}") from None
        except GoError as error:
            raise ChartError(f"{hint}: error loading {path}: {error}") from None

    def _read(self, data: bytes, source: str) -> Index:
        warnings: list[str] = []
        index = read_index(data, source, warnings)
        for line in warnings:
            self.tell(line)
        return index

    def fetch(self, target: Target, provenance: bool = False) -> Content:
        """The chart, checked against its digest; ``provenance`` asks for that file too, where there is one."""
        if target.reference is not None:
            return self._pull(target, provenance or self.options.verify)
        data = ContentCache(self.settings.content_cache).get(target.digest) if target.digest else None
        if data is None:
            data = fetch(target.url, target.access)
        check_digest(target, data)
        proof, note = None, ""
        if provenance or self.options.verify:
            try:
                proof = fetch(f"{target.url}.prov", target.access)
            except ChartError as error:
                if self.options.verify:
                    raise ChartError(f"failed to fetch provenance {quote(f'{target.url}.prov')}") from None
                note = str(error)
        if self.options.verify:
            raise ChartError(NO_SIGNATURES)
        return Content(target.name, data, proof, note)

    def _pull(self, target: Target, provenance: bool) -> Content:
        reference = target.reference
        if reference is None:
            raise ChartError(f"{target.name}: no reference to a registry")
        pulled = RegistryClient(self.options, self.settings).pull(reference, provenance)
        self._tell_pulled(pulled)
        note = ""
        if provenance and pulled.provenance is None:
            note = f"manifest does not contain a layer with mediatype {PROVENANCE}"
        elif provenance:
            # Helm pulls a second time for the provenance, and says so again.
            self._tell_pulled(pulled)
        if self.options.verify:
            address = f"oci://{reference._replace(tag=reference.tag.replace('_', '+'))}.prov"
            missing = f"failed to fetch provenance {quote(address)}"
            raise ChartError(missing if note else NO_SIGNATURES)
        return Content(target.name, pulled.chart, pulled.provenance, note)

    def _tell_pulled(self, pulled: Pulled) -> None:
        self.tell(f"Pulled: {pulled.reference}")
        self.tell(f"Digest: {pulled.digest}")
        if "_" in str(pulled.reference):
            self.tell(f"{pulled.reference} contains an underscore.")
            self.tell(UNDERSCORE_NOTE)


def check_digest(target: Target, data: bytes) -> None:
    """Refuse content that is not what the repository's index promises."""
    # differs: Helm 4.3 takes whatever it is served
    if target.digest and hashlib.sha256(data).hexdigest() != target.digest:
        raise ChartError(
            f"{target.name} is not the chart that the repository's index describes: its SHA-256 digest is "
            f"{hashlib.sha256(data).hexdigest()}, the index says {target.digest}"
        )


def _plain_digest(text: str) -> str:
    digest = text.removeprefix("sha256:").lower()
    if digest and (len(digest) != 64 or any(letter not in "0123456789abcdef" for letter in digest)):
        raise ChartError(f"encoding/hex: invalid SHA-256 digest {quote(text)} in the repository's index")
    return digest


def _archive_name(reference: Reference) -> str:
    """What the file of a chart from a registry is called."""
    base = reference.repository.rpartition("/")[2]
    if reference.digest:
        kind, _, digits = reference.digest.partition(":")
        return f"{base}@{kind}-{digits}.tgz"
    return f"{base}-{reference.tag.replace('_', '+')}.tgz"


def _nobody(line: str) -> None:
    """Nobody listens."""
    del line
