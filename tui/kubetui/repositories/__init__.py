"""Chart repositories and registries as this machine reaches them: one function finds any chart a user can name."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from kubetui.repositories.settings import Settings


class ChartOptions(NamedTuple):
    """How a chart is to be found: the flags that Helm gives every command that takes a chart.

    ``repository`` is --repo, ``pass_credentials`` --pass-credentials, and so on; ``devel`` takes prereleases too when
    no version is asked for; ``timeout`` is in seconds.
    """

    version: str = ""
    repository: str = ""
    username: str = ""
    password: str = ""
    pass_credentials: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_tls_verify: bool = False
    plain_http: bool = False
    verify: bool = False
    keyring: str = ""
    devel: bool = False
    timeout: float = 120.0

    def __repr__(self) -> str:
        """Without the password: a repr may land in a log."""
        return f"ChartOptions(version={self.version!r}, repository={self.repository!r}, username={self.username!r})"


NO_OPTIONS: Final = ChartOptions()


def locate_chart(
    reference: str,
    options: ChartOptions = NO_OPTIONS,
    settings: "Settings | None" = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """The absolute path of the folder or archive of the chart that a user named.

    ``reference`` is a path, ``REPOSITORY/CHART`` of a repository that was added, a chart's name with
    ``options.repository``, an ``http(s)://`` or ``file://`` URL of an archive, or ``oci://HOST/PATH/CHART``. What has
    to be fetched lands in Helm's content cache, checked against its digest, so the path stays readable. ``settings``
    say where Helm keeps its files, by default where the environment says; ``tell`` is given the lines that Helm prints
    meanwhile. It blocks while it fetches: call it in a thread where a screen must go on.

    Raises ChartError with Helm's text.
    """
    from kubetui.repositories.locating import locate  # noqa: PLC0415 (charts on disk need no network)
    from kubetui.repositories.settings import from_environment  # noqa: PLC0415 (the same)

    return locate(reference, options, settings or from_environment(), tell)
