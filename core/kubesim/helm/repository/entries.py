"""repositories.yaml: which repositories were added, in the file format that Helm shares."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.yaml.reader import json_kind, read_exact
from kubesim.helm.yaml.writer import to_yaml

NO_TIME: Final = "0001-01-01T00:00:00Z"


class Entry(NamedTuple):
    """A repository and how it is reached."""

    name: str
    url: str
    username: str = ""
    password: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    insecure_skip_tls_verify: bool = False
    pass_credentials_all: bool = False

    def __repr__(self) -> str:
        """Without the password: a repr may land in a log."""
        return f"Entry(name={self.name!r}, url={self.url!r}, username={self.username!r})"


_NAMES: Final = {
    "name": "name",
    "url": "url",
    "username": "username",
    "password": "password",
    "certFile": "cert_file",
    "keyFile": "key_file",
    "caFile": "ca_file",
    "insecure_skip_tls_verify": "insecure_skip_tls_verify",
    "pass_credentials_all": "pass_credentials_all",
}


class Repositories(NamedTuple):
    """The whole file."""

    entries: tuple[Entry, ...] = ()
    api_version: str = ""
    generated: str = NO_TIME

    def get(self, name: str) -> Entry | None:
        """The repository of that name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def updated(self, entry: Entry) -> "Repositories":
        """With the repository in the place of the one of its name, or at the end."""
        if self.get(entry.name) is None:
            return self._replace(entries=(*self.entries, entry))
        return self._replace(entries=tuple(entry if one.name == entry.name else one for one in self.entries))

    def without(self, name: str) -> "Repositories":
        """Without the repository of that name."""
        return self._replace(entries=tuple(one for one in self.entries if one.name != name))


def read_repositories(text: str) -> Repositories:
    """The file's content; GoError with Go's text when it does not fit."""
    tree = read_exact(text)
    if tree is None:
        return Repositories()
    if not isinstance(tree, dict):
        raise _mismatch(tree, "Go value of type repo.File")
    found = tree.get("repositories") or []
    if not isinstance(found, list):
        raise _mismatch(found, "Go struct field File.repositories of type []*repo.Entry")
    version, generated = tree.get("apiVersion"), tree.get("generated")
    return Repositories(
        tuple(_entry(one) for one in found if one is not None),
        version if isinstance(version, str) else "",
        generated if isinstance(generated, str) else NO_TIME,
    )


def _entry(tree: Any) -> Entry:
    if not isinstance(tree, Mapping):
        raise _mismatch(tree, "Go struct field File.repositories of type repo.Entry")
    values: dict[str, Any] = {"name": "", "url": ""}
    for key in sorted(tree):
        name = _NAMES.get(key)
        value = tree[key]
        if name is None or value is None:
            continue
        wanted = bool if isinstance(Entry._field_defaults.get(name), bool) else str
        if wanted is str and type(value) is int:
            value = str(value)
        if not isinstance(value, wanted):
            kind = "bool" if wanted is bool else "string"
            raise _mismatch(value, f"Go struct field Entry.repositories.{key} of type {kind}")
        values[name] = value
    return Entry(**values)


def _mismatch(value: Any, target: str) -> ChartError:
    return ChartError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {json_kind(value)} into {target}"
    )


def write_repositories(repositories: Repositories) -> str:
    """The text of the file."""
    return to_yaml({
        "apiVersion": repositories.api_version,
        "generated": repositories.generated,
        "repositories": [
            {key: getattr(entry, name) for key, name in _NAMES.items()} for entry in repositories.entries
        ],
    })  # fmt: skip
