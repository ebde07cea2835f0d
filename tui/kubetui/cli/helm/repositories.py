"""``kubetui helm repo``: adds, lists, updates, removes and indexes chart repositories."""

import getpass
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.building import build_index
from kubesim.helm.repository.documents import time_text
from kubesim.helm.repository.entries import Entry, Repositories, read_repositories, write_repositories
from kubesim.helm.repository.index import Index, read_index
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import OUTPUT_FLAGS, duration_of, format_of, print_documents, print_table
from kubetui.cli.helm.references import ACCESS_FLAGS, complain, exact_words, settings_of
from kubetui.repositories.files import locked, reason, write_whole
from kubetui.repositories.getters import MAX_ARCHIVE, check_scheme, download_index
from kubetui.repositories.locating import load_repositories
from kubetui.repositories.settings import Settings

USAGE: Final = "repo add|index|list|remove|update"
ADD_USAGE: Final = "repo add [NAME] [URL] [flags]"
LIST_USAGE: Final = "repo list [flags]"
UPDATE_USAGE: Final = "repo update [REPO1 [REPO2 ...]] [flags]"
REMOVE_USAGE: Final = "repo remove [REPO1 [REPO2 ...]] [flags]"
INDEX_USAGE: Final = "repo index [DIR] [flags]"
ADD_FLAGS: Final = {
    **{name: flag for name, flag in ACCESS_FLAGS.items() if name != "plain-http"},
    "allow-deprecated-repos": Flag(SWITCH),
    "force-update": Flag(SWITCH),
    "pass-credentials": Flag(SWITCH),
    "password-stdin": Flag(SWITCH),
    "timeout": Flag(TEXT),
}
LIST_FLAGS: Final = {**OUTPUT_FLAGS, "no-headers": Flag(SWITCH)}
UPDATE_FLAGS: Final = {"timeout": Flag(TEXT)}
INDEX_FLAGS: Final = {"json": Flag(SWITCH), "merge": Flag(TEXT), "url": Flag(TEXT)}

_DELETED: Final = {
    "//kubernetes-charts.storage.googleapis.com": "https://charts.helm.sh/stable",
    "//kubernetes-charts-incubator.storage.googleapis.com": "https://charts.helm.sh/incubator",
}
_WAIT: Final = "Hang tight while we grab the latest from your chart repositories..."
DONE: Final = "Update Complete. ⎈Happy Helming!⎈"


def run(parsed: Parsed) -> int:
    """Say which commands there are."""
    from kubetui.cli.helm.groups import group

    return group("repo", parsed)


def add(parsed: Parsed) -> int:
    """Add a repository."""
    name, url = exact_words(parsed, "repo add", ADD_USAGE, 2)
    if not parsed.on("allow-deprecated-repos"):
        for old, new in _DELETED.items():
            if old in url:
                raise ChartError(f'repo "{url}" is no longer available; try "{new}" instead')
    settings = settings_of(parsed)
    timeout = duration_of(parsed, "timeout", 120.0)
    path = Path(settings.repository_config)
    with locked(path):
        repositories = _existing(path)
        entry = _entry(name, url, parsed)
        if "/" in name:
            raise ChartError(f"repository name ({name}) contains '/', please specify a different name without '/'")
        existing = repositories.get(name)
        if existing is not None and not parsed.on("force-update"):
            if existing != entry:
                raise ChartError(f"repository name ({name}) already exists, please specify a different name")
            print(f"{quote(name)} already exists with the same configuration, skipping")
            return 0
        check_scheme(entry.url)
        warnings: list[str] = []
        try:
            download_index(entry, settings, timeout, warnings)
        except GoError as error:
            raise ChartError(
                f"looks like {quote(url)} is not a valid chart repository or cannot be reached: {error}"
            ) from None
        for line in warnings:
            complain(line)
        _save(path, repositories.updated(entry))
    print(f"{quote(name)} has been added to your repositories")
    return 0


def _existing(path: Path) -> Repositories:
    try:
        return read_repositories(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return Repositories()
    except OSError as error:
        raise ChartError(f"open {path}: {reason(error)}") from None


def _entry(name: str, url: str, parsed: Parsed) -> Entry:
    return Entry(
        name,
        _address(url),
        parsed.text("username"),
        _password(parsed),
        parsed.text("cert-file"),
        parsed.text("key-file"),
        parsed.text("ca-file"),
        parsed.on("insecure-skip-tls-verify"),
        parsed.on("pass-credentials"),
    )


def _address(url: str) -> str:
    """A folder becomes a file:// address, so that it is found again from anywhere."""
    if "://" not in url and os.path.isdir(url):
        return Path(os.path.abspath(url)).as_uri()
    return url


def _password(parsed: Parsed) -> str:
    password = parsed.text("password")
    if not parsed.text("username") or password:
        return password
    if parsed.on("password-stdin"):
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    return ask_password("Password: ")


def ask_password(prompt: str) -> str:
    """A password typed by a person; ChartError where nobody can type."""
    if not sys.stdin.isatty():
        print(prompt)
        raise ChartError("inappropriate ioctl for device")
    return getpass.getpass(prompt)


def _save(path: Path, repositories: Repositories) -> None:
    write_whole(path, write_repositories(repositories).encode("utf-8", "surrogateescape"), 0o600)


def list_all(parsed: Parsed) -> int:
    """List the repositories."""
    exact_words(parsed, "repo list", LIST_USAGE, 0)
    form = format_of(parsed)
    entries = added(settings_of(parsed)).entries
    if form != "table":
        print_documents([{"name": entry.name, "url": entry.url} for entry in entries], form)
        return 0
    if not entries:
        complain("no repositories to show")
        return 0
    headers = [] if parsed.on("no-headers") else [["NAME", "URL"]]
    print_table([*headers, *[[entry.name, entry.url] for entry in entries]])
    return 0


def added(settings: Settings) -> Repositories:
    """The repositories; none when the file cannot be read."""
    try:
        return load_repositories(settings)
    except GoError:
        return Repositories()


def update(parsed: Parsed) -> int:
    """Fetch the indexes anew."""
    settings = settings_of(parsed)
    timeout = duration_of(parsed, "timeout", 120.0)
    try:
        entries = load_repositories(settings).entries
    except GoError as error:
        raise ChartError(f"failed loading file: {settings.repository_config}: {error}") from None
    if not entries:
        raise ChartError("no repositories found. You must add one before updating")
    known = [entry.name for entry in entries]
    for name in parsed.words:
        if name not in known:
            raise ChartError(f"no repositories found matching '{name}'.  Nothing will be updated")
    chosen = [entry for entry in entries if not parsed.words or entry.name in parsed.words]
    for entry in chosen:
        check_scheme(entry.url)
    print(_WAIT)
    failed = [entry.url for entry in chosen if not refresh(entry, settings, timeout)]
    if failed:
        raise ChartError(f"failed to update the following repositories: [{' '.join(failed)}]")
    print(DONE)
    return 0


def refresh(entry: Entry, settings: Settings, timeout: float) -> bool:
    """Fetch one index and say how it went."""
    warnings: list[str] = []
    try:
        download_index(entry, settings, timeout, warnings)
    except GoError as error:
        name = quote(entry.name)
        print(f"...Unable to get an update from the {name} chart repository ({entry.url}):\n\t{error}")
        return False
    for line in warnings:
        complain(line)
    print(f"...Successfully got an update from the {quote(entry.name)} chart repository")
    return True


def remove(parsed: Parsed) -> int:
    """Forget repositories."""
    names = exact_words(parsed, "repo remove", REMOVE_USAGE, 1, 1000)
    settings = settings_of(parsed)
    repositories = load_repositories(settings)
    if not repositories.entries:
        raise ChartError("no repositories configured")
    for name in names:
        if repositories.get(name) is None:
            raise ChartError(f"no repo named {quote(name)} found")
        repositories = repositories.without(name)
        _save(Path(settings.repository_config), repositories)
        for file in (settings.charts_file(name), settings.index_file(name)):
            file.unlink(missing_ok=True)
        print(f"{quote(name)} has been removed from your repositories")
    return 0


def index(parsed: Parsed) -> int:
    """Write the index of the charts in a folder."""
    (folder,) = exact_words(parsed, "repo index", INDEX_USAGE, 1)
    path = Path(os.path.abspath(folder))
    now = time.time_ns()
    made = build_index(_archives(path), parsed.text("url"), now)
    merge = parsed.text("merge")
    if merge:
        made.merge(_other(Path(merge), now, parsed))
    made.sort()
    write_whole(path / "index.yaml", _text(made, parsed))
    return 0


def _archives(folder: Path) -> list[File]:
    """The archives in a folder and in the folders in it."""
    found = [*sorted(folder.glob("*.tgz")), *sorted(folder.glob("*/*.tgz"))]
    files: list[File] = []
    for path in found:
        try:
            if path.is_file() and path.stat().st_size <= MAX_ARCHIVE:
                files.append(File(str(path.relative_to(folder)), path.read_bytes()))
        except OSError as error:
            raise ChartError(f"open {path}: {reason(error)}") from None
    return files


def _other(path: Path, now: int, parsed: Parsed) -> Index:
    """The index to merge; one that does not exist is begun, as Helm does it."""
    if not path.exists():
        begun = Index(generated=time_text(now))
        write_whole(path, _text(begun, parsed))
        return begun
    try:
        return read_index(path.read_bytes(), str(path))
    except GoError as error:
        raise ChartError(f"merge failed: error loading {path}: {error}") from None
    except OSError as error:
        raise ChartError(f"merge failed: open {path}: {reason(error)}") from None


def _text(made: Index, parsed: Parsed) -> Any:
    return made.to_json() if parsed.on("json") else made.to_yaml().encode("utf-8", "surrogateescape")
