"""A chart in memory: its metadata, templates, values and the charts it depends on."""

from typing import Any, NamedTuple

from kubesim.helm.template.values import StringMap


class File(NamedTuple):
    """A file of a chart; the name is relative to the chart's folder."""

    name: str
    data: bytes


class NilStringMap(StringMap):
    """A nil map[string]string."""

    nil = True


class Maintainer:
    """Who looks after a chart."""

    __slots__ = ("email", "name", "url")

    def __init__(self, name: str = "", email: str = "", url: str = "") -> None:
        self.name = name
        self.email = email
        self.url = url


class Dependency:
    """A chart that Chart.yaml asks for."""

    __slots__ = ("alias", "condition", "enabled", "import_values", "name", "repository", "tags", "version")

    def __init__(self, name: str = "", version: str = "", repository: str = "") -> None:
        self.name = name
        self.version = version
        self.repository = repository
        self.condition = ""
        self.tags: list[str] = []
        self.enabled = False
        self.import_values: list[Any] = []
        self.alias = ""

    def copy(self) -> "Dependency":
        """An independent copy."""
        other = Dependency(self.name, self.version, self.repository)
        other.condition, other.enabled, other.alias = self.condition, self.enabled, self.alias
        other.tags, other.import_values = list(self.tags), list(self.import_values)
        return other

    def as_map(self) -> dict[str, Any]:
        """What templates see."""
        return {
            "Name": self.name,
            "Version": self.version,
            "Repository": self.repository,
            "Condition": self.condition,
            "Tags": list(self.tags),
            "Enabled": self.enabled,
            "ImportValues": list(self.import_values),
            "Alias": self.alias,
        }


class Metadata:
    """What Chart.yaml says."""

    __slots__ = (
        "annotations",
        "api_version",
        "app_version",
        "condition",
        "declares_dependencies",
        "dependencies",
        "deprecated",
        "description",
        "home",
        "icon",
        "keywords",
        "kube_version",
        "maintainers",
        "name",
        "sources",
        "tags",
        "type",
        "version",
    )

    def __init__(self) -> None:
        self.name = self.home = self.version = self.description = self.icon = self.api_version = ""
        self.condition = self.tags = self.app_version = self.kube_version = self.type = ""
        self.deprecated = False
        self.sources: list[str] = []
        self.keywords: list[str] = []
        self.maintainers: list[Maintainer] = []
        self.annotations: dict[str, str] | None = None
        self.dependencies: list[Dependency] = []
        self.declares_dependencies = False

    def copy(self) -> "Metadata":
        """A copy whose dependencies can be changed."""
        other = Metadata()
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other.dependencies = [dependency.copy() for dependency in self.dependencies]
        return other

    def as_map(self) -> dict[str, Any]:
        """What templates see as .Chart, without IsRoot."""
        return {
            "Name": self.name,
            "Home": self.home,
            "Sources": list(self.sources),
            "Version": self.version,
            "Description": self.description,
            "Keywords": list(self.keywords),
            "Maintainers": [{"Name": who.name, "Email": who.email, "URL": who.url} for who in self.maintainers],
            "Icon": self.icon,
            "APIVersion": self.api_version,
            "Condition": self.condition,
            "Tags": self.tags,
            "AppVersion": self.app_version,
            "Deprecated": self.deprecated,
            "Annotations": NilStringMap() if self.annotations is None else StringMap(self.annotations),
            "KubeVersion": self.kube_version,
            "Dependencies": [dependency.as_map() for dependency in self.dependencies],
            "Type": self.type,
        }


class Chart:
    """One chart; ``dependencies`` are the charts in its charts/ folder, each knowing its ``parent``."""

    def __init__(self) -> None:
        self.metadata = Metadata()
        self.templates: list[File] = []
        self.files: list[File] = []
        self.raw: list[File] = []
        self.values: dict[str, Any] | None = None
        self.schema: bytes | None = None
        self.lock: dict[str, Any] | None = None
        self.parent: Chart | None = None
        self.dependencies: list[Chart] = []
        self.warnings: list[str] = []

    @property
    def name(self) -> str:
        """The chart's name, or its alias."""
        return self.metadata.name

    @property
    def is_root(self) -> bool:
        """Whether no other chart contains this one."""
        return self.parent is None

    @property
    def is_library(self) -> bool:
        """Whether the chart has only templates for others."""
        return self.metadata.type.lower() == "library"

    def full_path(self) -> str:
        """``root/charts/child/charts/grandchild``."""
        if self.parent is None:
            return self.name
        return f"{self.parent.full_path()}/charts/{self.name}"

    def set_dependencies(self, charts: "list[Chart]") -> None:
        """Make these the charts inside this one."""
        self.dependencies = charts
        for chart in charts:
            chart.parent = self

    def copy(self) -> "Chart":
        """A copy whose metadata, values and dependencies can be replaced; files are shared."""
        other = Chart()
        other.__dict__.update(self.__dict__)
        other.metadata = self.metadata.copy()
        other.parent = None
        other.set_dependencies([chart.copy() for chart in self.dependencies])
        return other

    def crds(self) -> list[File]:
        """The YAML files under crds/, of this chart first, then of its dependencies; names are full paths."""
        found = [
            File(f"{self.full_path()}/{file.name}", file.data)
            for file in self.files
            if file.name.startswith("crds/") and _is_manifest(file.name)
        ]
        for chart in self.dependencies:
            found.extend(chart.crds())
        return found


def _is_manifest(name: str) -> bool:
    return name.rpartition(".")[2] in {"yaml", "yml", "json"} and "." in name
