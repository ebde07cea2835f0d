"""``attach``: what a container writes from now on, and what the client types for a program that reads its stdin."""

import asyncio

from kubesim.httpd.host import Host
from kubesim.httpd.streams import channels as names
from kubesim.httpd.streams.channels import Channels
from kubesim.httpd.streams.logs import LogReader, follow, options_of
from kubesim.httpd.streams.terminal import screen
from kubesim.httpd.streams.wishes import SUCCESS, Wishes, gone, say
from kubesim.kubelet import dialogue
from kubesim.kubelet.dialogue import Dialogue
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Request

PATIENCE = 0.05
"""Wall seconds between two looks at what was written."""

GLANCE = 0.2
"""Wall seconds in which the last answer is awaited after the end of stdin."""


async def attach(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    """Until the container ends or the client leaves."""
    place = request.key.namespace, request.key.name
    found = dialogue.attach(host.cluster.kubelets.worker_of(*place), wishes.container)
    if found is None:
        await _listen(host, channels, request, wishes)
        return
    try:
        await _talk(host, channels, wishes, found)
    finally:
        if wishes.stdin:
            # k8s: stdinOnce: whoever leaves takes the stdin of the container along.
            found.hang_up()
            host.poke()


async def _talk(host: Host, channels: Channels, wishes: Wishes, found: Dialogue) -> None:
    receiving = asyncio.ensure_future(channels.receive())
    try:
        while True:
            host.catch_up()
            await say(channels, wishes, found.output())
            if found.is_over:
                break
            await asyncio.wait({receiving}, timeout=PATIENCE)
            if not receiving.done():
                continue
            piece = receiving.result()
            if piece is None:
                return
            receiving = asyncio.ensure_future(channels.receive())
            name, content = piece
            if name == names.STDIN and wishes.stdin:
                if content:
                    found.hear(content)
                else:
                    found.hang_up()
                host.poke()
                if not content and not found.is_once:
                    await asyncio.sleep(GLANCE)
                    host.catch_up()
                    await say(channels, wishes, found.output())
                    break
    finally:
        receiving.cancel()
    await asyncio.wait({receiving})
    await channels.finish(SUCCESS)


async def _listen(host: Host, channels: Channels, request: Request, wishes: Wishes) -> None:
    """The container reads nothing: only its lines are of interest."""
    options = options_of({"container": wishes.container}, host.cluster.loop.now)
    reader = LogReader(host.cluster, request, options)

    async def write(content: bytes) -> None:
        shown = screen(content.decode()).encode() if wishes.tty else content
        await channels.send(names.STDOUT, shown)

    try:
        reader.first()
    except ApiError as error:
        await channels.finish(error.status)
        return
    following = asyncio.ensure_future(follow(host, reader, write))
    leaving = asyncio.ensure_future(gone(channels))
    try:
        await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            await channels.finish(SUCCESS)
    finally:
        following.cancel()
        leaving.cancel()
