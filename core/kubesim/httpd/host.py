"""What the streams see of the server: the cluster, the pulse, and the clock's two calls."""

from typing import Any, Protocol

from kubesim.httpd.encoding import Encoder
from kubesim.httpd.pulse import Pulse
from kubesim.httpd.scraping.scrapes import Scrapes
from kubesim.httpd.streams.fan import Fan
from kubesim.httpd.turns import Turns
from kubesim.httpd.webhooks import Webhooks


class Host(Protocol):
    """The server that a stream belongs to."""

    pulse: Pulse
    encoder: Encoder
    fan: Fan
    turns: Turns
    webhooks: Webhooks
    scrapes: Scrapes

    @property
    def cluster(self) -> Any:
        """The kubesim.cluster.Cluster that is served."""

    def catch_up(self) -> None:
        """Bring virtual time to the present, before something is asked of the cluster."""

    def poke(self) -> None:
        """Tell whoever drives the cluster that something was asked of it."""
