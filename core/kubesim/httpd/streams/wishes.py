"""What clients of ``exec`` and ``attach`` ask for, and what both end with."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import parse_qsl

from kubesim.api.options import truth
from kubesim.httpd.streams import channels as names
from kubesim.httpd.streams.channels import Channels
from kubesim.httpd.streams.terminal import screen
from kubesim.objects.wire import Tree

SUCCESS: Tree = {"metadata": {}, "status": "Success"}


class Wishes(NamedTuple):
    """What the client asks for."""

    argv: tuple[str, ...]
    container: str
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    def expected(self) -> set[str]:
        """The streams that a SPDY client will open."""
        found = {names.ERROR}
        found |= {names.STDIN} if self.stdin else set()
        found |= {names.STDOUT} if self.stdout else set()
        found |= {names.RESIZE if self.tty else names.STDERR} if self.tty or self.stderr else set()
        return found


def wishes_of(query_text: str) -> Wishes:
    """Parse the query of an exec or attach; ``command`` may occur many times."""
    pairs = parse_qsl(query_text, keep_blank_values=True)
    last: Mapping[str, str] = dict(pairs)
    return Wishes(
        tuple(value for name, value in pairs if name == "command"),
        last.get("container", ""),
        *(truth(last.get(name, "false")) for name in ("stdin", "stdout", "stderr", "tty")),
    )


async def gone(channels: Channels) -> None:
    """Wait until the client leaves."""
    while await channels.receive() is not None:
        continue


async def say(channels: Channels, wishes: Wishes, said: Iterable[tuple[str, str]]) -> None:
    """Send what was written, in its order; a terminal shows both streams as one."""
    for stream, parts in groupby(said, key=itemgetter(0)):
        text = "".join(part for _, part in parts)
        name = names.STDERR if stream and not wishes.tty else names.STDOUT
        if wishes.stderr if name == names.STDERR else wishes.stdout:
            await channels.send(name, (screen(text) if wishes.tty else text).encode("utf-8", "surrogateescape"))
