"""One outside request on its way through the server: what was asked, by which rules, and the warnings so far."""

from typing import NamedTuple

from kubesim.api.options import WriteOptions
from kubesim.api.strategy import Context, Strategy
from kubesim.objects.wire import Gvr, Request


class Call(NamedTuple):
    """A resolved request. ``table`` is where the objects are stored; ``warnings`` is filled as the call proceeds."""

    request: Request
    strategy: Strategy
    table: Gvr
    options: WriteOptions
    context: Context
    warnings: list[str]

    @property
    def namespace(self) -> str:
        """The namespace in the path."""
        return self.request.key.namespace

    @property
    def name(self) -> str:
        """The name in the path, "" for a collection."""
        return self.request.key.name

    @property
    def subresource(self) -> str:
        """The subresource in the path, "" for none."""
        return self.request.subresource
