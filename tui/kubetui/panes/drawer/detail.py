"""One object and what surrounds it, kept fresh: reads again only when the object or its events have changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import tree
from kubesim.objects.wire import EVENTS, Key, Request, Tree
from kubetui.client.port import ClusterClient, WatchCursor
from kubetui.model import describe


class Detail:
    """``object`` is None while nothing was read, ``problem`` says why, ``related`` is what describing needs."""

    def __init__(self, client: ClusterClient, key: Key) -> None:
        self.client = client
        self.key = key
        self.object: Tree | None = None
        self.related: Mapping[str, Sequence[Any]] = {}
        self.problem = ""
        self.changes = 0
        """Counts how often something was read; what is shown is stale when it has gone up."""
        self._watches: list[WatchCursor] = []
        self._follow()

    def _follow(self) -> None:
        key, name = self.key, self.key.name
        about = f"involvedObject.name={name}"
        requests = (
            Request("watch", key._replace(name=""), query={"watch": "true", "fieldSelector": f"metadata.name={name}"}),
            Request("watch", Key(EVENTS, key.namespace), query={"watch": "true", "fieldSelector": about}),
        )
        self._watches = [self.client.watch(request) for request in requests]

    def close(self) -> None:
        """Stop following."""
        for watch in self._watches:
            watch.close()
        self._watches = []

    def has_news(self) -> bool:
        """Whether the object or its events have changed since the last call."""
        news = False
        for watch in self._watches:
            for event in watch.poll():
                news = news or event.type != "BOOKMARK"
        return news

    async def read(self) -> None:
        """Read the object and what is related to it."""
        response = await self.client.send(Request("get", self.key))
        self.changes += 1
        if response.code >= 400:
            self.problem = str(tree.get(response.body, "message", f"the server answered {response.code}"))
            return
        self.problem = ""
        self.object = response.body
        requests = describe.related_requests(response.body)
        responses = [await self.client.send(request) for request in requests]
        self.related = describe.gather(requests, responses)
