"""The dependencies of a chart: found in repositories, fetched into charts/ and locked in Chart.lock."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kubesim.helm.chart.chart import Chart, Dependency
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load_archive, load_folder
from kubesim.helm.package import archive_name, package
from kubesim.helm.repository import locks
from kubesim.helm.repository.addresses import OCI, is_oci, resolve
from kubesim.helm.repository.documents import time_text
from kubesim.helm.repository.entries import Entry
from kubesim.helm.repository.index import Index, version_of
from kubesim.helm.repository.locks import FILE, Lock
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubetui.repositories import ChartOptions
from kubetui.repositories.files import reason, write_whole
from kubetui.repositories.getters import cached_index, check_scheme, download_index
from kubetui.repositories.locating import Content, Locator, Target, load_repositories
from kubetui.repositories.settings import Settings

_WAIT: Final = "Hang tight while we grab the latest from your chart repositories..."
_DONE: Final = "Update Complete. ⎈Happy Helming!⎈"


class Dependencies:
    """Manages the dependencies of the chart in one folder; ``tell`` is given the lines that Helm prints."""

    def __init__(
        self,
        path: Path,
        options: ChartOptions,
        settings: Settings,
        tell: Callable[[str], None],
        skip_refresh: bool = False,
    ) -> None:
        self.path = path
        self.options = options
        self.settings = settings
        self.tell = tell
        self.skip_refresh = skip_refresh
        self.entries: Sequence[Entry] = ()

    def update(self) -> None:
        """Fetch the newest charts that Chart.yaml allows, and write Chart.lock; ChartError with Helm's text."""
        # k8s: helm pkg/downloader Manager.Update
        chart = self._load()
        if not chart.metadata.declares_dependencies:
            return
        self.entries = load_repositories(self.settings).entries
        wanted, names = self._sources(chart)
        self._add_unmanaged(wanted, names)
        self._refresh_all()
        locked = self._resolve(wanted, names)
        self._download(locked, names)
        digest = locks.digest(wanted, locked)
        if chart.lock is not None and locks.read_lock(chart.lock).digest == digest:
            return
        lock = Lock(tuple(locked), digest, time_text(time.time_ns()))
        name = "requirements.lock" if chart.metadata.api_version == "v1" else "Chart.lock"
        write_whole(self.path / name, lock.to_yaml().encode("utf-8", "surrogateescape"))

    def build(self) -> None:
        """Fetch the charts that Chart.lock names, or update when there is none; ChartError with Helm's text."""
        # k8s: helm pkg/downloader Manager.Build
        chart = self._load()
        if chart.lock is None:
            self.update()
            return
        lock = locks.read_lock(chart.lock)
        self.entries = load_repositories(self.settings).entries
        wanted, names = self._sources(chart)
        locked = list(lock.dependencies)
        if locks.digest(wanted, locked) != lock.digest:
            raise ChartError(_out_of_sync(chart))
        locks.check_all_added(locked, self.entries)
        self._refresh_all()
        self._download(locked, {**names, **locks.resolve_sources(locked, self.entries).names})

    def _load(self) -> Chart:
        if not self.path.exists():
            raise ChartError(f"could not find {self.path}: stat {self.path}: no such file or directory")
        if not self.path.is_dir():
            raise ChartError("only unpacked charts can be updated")
        if not (self.path / "Chart.yaml").exists():
            raise ChartError("Chart.yaml file is missing")
        return load_folder(self.path)

    def _sources(self, chart: Chart) -> locks.Sources:
        sources = locks.resolve_sources(chart.metadata.dependencies, self.entries)
        for one in sources.dependencies:
            if self._is_folder(one, sources.names):
                self._local(one.repository)
        return sources

    def _add_unmanaged(self, wanted: Sequence[Dependency], names: dict[str, str]) -> None:
        """Make the repositories known that a chart names by URL and nobody added."""
        entries: list[Entry] = []
        for one in wanted:
            if one.repository and one.name not in names:
                names[one.name] = locks.unmanaged_name(one.repository)
                entry = Entry(names[one.name], one.repository)
                if entry not in entries:
                    entries.append(entry)
        if entries and not self.skip_refresh:
            self.tell("Getting updates for unmanaged Helm repositories...")
            self._refresh(entries)

    def _refresh_all(self) -> None:
        if self.entries and not self.skip_refresh:
            self.tell(_WAIT)
            self._refresh(self.entries)
            self.tell(_DONE)

    def _refresh(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            check_scheme(entry.url)
        for entry in entries:
            unmanaged = entry.name.startswith(locks.UNMANAGED)
            name = quote(entry.url if unmanaged else entry.name)
            warnings: list[str] = []
            try:
                download_index(entry, self.settings, self.options.timeout, warnings)
            except GoError as error:
                place = "" if unmanaged else f" ({entry.url})"
                self.tell(f"...Unable to get an update from the {name} chart repository{place}:\n\t{error}")
            else:
                self.tell(f"...Successfully got an update from the {name} chart repository")

    def _resolve(self, wanted: Sequence[Dependency], names: dict[str, str]) -> list[Dependency]:
        """The exact versions; ChartError when something has none."""
        # k8s: helm internal/resolver Resolve
        locked: list[Dependency] = []
        unmet: list[Dependency] = []
        for one in wanted:
            locks.constraint_of(one)
            version = self._version(one, names)
            if version is None:
                unmet.append(one)
            else:
                locked.append(Dependency(one.name, version, one.repository))
        if unmet:
            raise locks.nothing_fits(unmet)
        return locked

    def _version(self, one: Dependency, names: dict[str, str]) -> str | None:
        if not one.repository:
            self._local(f"charts/{one.name}")
            return one.version
        if self._is_folder(one, names):
            version = load_folder(self._local(one.repository)).metadata.version
            return version if version_of(version) is not None and locks.allows(one, version) else None
        if is_oci(one.repository):
            return self._registry_version(one)
        return locks.pick(one, self._index(names[one.name]))

    def _is_folder(self, one: Dependency, names: dict[str, str]) -> bool:
        """Whether file:// means the folder of a chart, as it does unless a repository of that address was added."""
        return one.repository.startswith(FILE) and names.get(one.name, one.repository) == one.repository

    def _local(self, repository: str) -> Path:
        folder = Path(locks.local_folder(repository, str(self.path)))
        if not folder.exists():
            raise ChartError(f"directory {folder} not found")
        return folder

    def _registry_version(self, one: Dependency) -> str:
        from kubetui.repositories.registries import RegistryClient  # noqa: PLC0415 (few charts need a registry)

        if version_of(one.version) is not None:
            return one.version
        try:
            versions = RegistryClient(self.options, self.settings).versions(f"{one.repository}/{one.name}")
        except GoError as error:
            raise ChartError(f"could not retrieve list of tags for repository {one.repository}: {error}") from None
        found = (version for version in versions if locks.allows(one, version))
        return next(found, one.version)

    def _index(self, name: str) -> Index:
        path = self.settings.index_file(name)
        hint = f"no cached repository for {name} found. (try 'helm repo update')"
        try:
            return cached_index(name, self.settings, [])
        except OSError as error:
            raise ChartError(f"{hint}: open {path}: {reason(error)}") from None
        except GoError as error:
            raise ChartError(f"{hint}: error loading {path}: {error}") from None

    def _download(self, locked: Sequence[Dependency], names: dict[str, str]) -> None:
        """Fetch everything into a draft first; only then charts/ is changed."""
        charts = self.path / "charts"
        if charts.exists() and not charts.is_dir():
            raise ChartError(f"{quote(str(charts))} is not a directory")
        self.tell(f"Saving {len(locked)} charts")
        with tempfile.TemporaryDirectory(prefix="tmpcharts-", dir=self.path) as name:
            draft = Path(name)
            for one in locked:
                try:
                    self._save(one, names, draft)
                except GoError as error:
                    self.tell(f"Save error occurred:  {error}")
                    raise
            self.tell("Deleting outdated charts")
            charts.mkdir(exist_ok=True)
            for one in locked:
                if one.repository:
                    self._delete_old(one.name, charts)
            for file in sorted(draft.iterdir()):
                shutil.move(str(file), str(charts / file.name))

    def _save(self, one: Dependency, names: dict[str, str], draft: Path) -> None:
        if not one.repository:
            self._check_present(one)
        elif self._is_folder(one, names):
            chart = load_folder(self._local(one.repository))
            if not locks.allows(one, chart.metadata.version):
                raise ChartError(f"can't get a valid version for dependency {one.name}")
            one.version = chart.metadata.version
            write_whole(draft / archive_name(chart), package(chart))
        else:
            content = self._fetch(one, names)
            write_whole(draft / content.name, content.data)

    def _check_present(self, one: Dependency) -> None:
        name = one.name
        self.tell(f"Dependency {name} did not declare a repository. Assuming it exists in the charts directory")
        try:
            version = load_folder(self.path / "charts" / name).metadata.version
        except GoError as error:
            raise ChartError(f"unable to load chart '{self.path / 'charts' / name}': {error}") from None
        if not locks.allows(one, version):
            raise ChartError(f"dependency {name} at version {version} does not satisfy the constraint {one.version}")

    def _fetch(self, one: Dependency, names: dict[str, str]) -> Content:
        locator = Locator(self.options._replace(version=one.version), self.settings, self.tell)
        if is_oci(one.repository):
            address = f"{OCI}{one.repository.removeprefix(OCI).rstrip('/')}/{one.name}"
            self.tell(f"Downloading {one.name} from repo {one.repository}")
        else:
            target = self._target(one, names[one.name], locator)
            address = target.url
            self.tell(f"Downloading {one.name} from repo {one.repository}")
        try:
            return locator.fetch(locator.target(address) if is_oci(one.repository) else target)
        except GoError as error:
            raise ChartError(f"could not download {address}: {error}") from None

    def _target(self, one: Dependency, name: str, locator: Locator) -> Target:
        """Where the locked version of a chart lies."""
        entry = next((each for each in self.entries if each.name == name), Entry(name, one.repository))
        for found in self._index(name).entries.get(one.name, ()):
            if found.urls and (found.version == one.version or _same_version(found.version, one.version)):
                return locator.listed(resolve(entry.url, found.urls[0]), locator.merged(entry), found.digest)
        raise ChartError(f"could not find : no matching version for {one.name} {one.version} in {one.repository}")

    def _delete_old(self, name: str, charts: Path) -> None:
        for archive in sorted(charts.glob(f"{name}-*.tgz")):
            try:
                if load_archive(archive.read_bytes()).name != name:
                    continue
                archive.unlink()
            except GoError as error:
                self.tell(f"Could not verify {archive} for deletion: {error} (Skipping)")
            except OSError as error:
                self.tell(f"Could not delete {archive}: {reason(error)} (Skipping)")


def _same_version(one: str, two: str) -> bool:
    left, right = version_of(one), version_of(two)
    return left is not None and right is not None and left.go_string() == right.go_string()


def _out_of_sync(chart: Chart) -> str:
    names = (
        ("requirements.lock", "requirements.yaml")
        if chart.metadata.api_version == "v1"
        else ("Chart.lock", "Chart.yaml")
    )
    return (
        f"the lock file ({names[0]}) is out of sync with the dependencies file ({names[1]}). "
        "Please update the dependencies with 'helm dependency update'"
    )
