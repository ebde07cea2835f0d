"""An event loop that looks at few ready sockets at a time, so that thousands of clients cannot fill one turn of it."""

import asyncio
import contextlib
import select
import selectors
from collections.abc import Mapping
from typing import Any

AT_ONCE = 24
"""How many sockets are served in one turn of the loop."""


class FewAtOnce(selectors.BaseSelector):
    """Linux' epoll, asked for few events at a time. The kernel takes turns: whoever is left out comes next."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See BaseSelector."""
        number = fileobj if isinstance(fileobj, int) else int(fileobj.fileno())
        if number < 0:
            msg = f"Invalid file descriptor: {number}"
            raise ValueError(msg)
        if number in self._keys:
            msg = f"{fileobj!r} (FD {number}) is already registered"
            raise KeyError(msg)
        self._epoll.register(number, _mask(events))
        key = self._keys[number] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """See BaseSelector."""
        key = self._keys.pop(self._number(fileobj))
        # The kernel forgets what was closed before.
        with contextlib.suppress(OSError):
            self._epoll.unregister(key.fd)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See BaseSelector."""
        old = self._keys[self._number(fileobj)]
        if events != old.events:
            self._epoll.modify(old.fd, _mask(events))
        key = self._keys[old.fd] = selectors.SelectorKey(old.fileobj, old.fd, events, data)
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See BaseSelector."""
        # As epoll counts in milliseconds, a short wait is made longer instead of none at all.
        seconds = -1.0 if timeout is None else 0.0 if timeout <= 0 else -(-timeout * 1000 // 1) / 1000
        try:
            ready = self._epoll.poll(seconds, AT_ONCE)
        except InterruptedError:
            return []
        found = []
        for number, mask in ready:
            key = self._keys.get(number)
            if key is not None:
                found.append((key, _events(mask) & key.events))
        return found

    def close(self) -> None:
        """See BaseSelector."""
        self._epoll.close()
        self._keys.clear()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """The keys by number."""
        return self._keys

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        """See BaseSelector."""
        return self._keys[self._number(fileobj)]

    def _number(self, fileobj: Any) -> int:
        number = fileobj if isinstance(fileobj, int) else int(fileobj.fileno())
        if number >= 0 and number in self._keys:
            return number
        for key in self._keys.values():
            if key.fileobj is fileobj:
                return key.fd
        msg = f"{fileobj!r} is not registered"
        raise KeyError(msg)


def _mask(events: int) -> int:
    reads = select.EPOLLIN if events & selectors.EVENT_READ else 0
    return reads | (select.EPOLLOUT if events & selectors.EVENT_WRITE else 0)


def _events(mask: int) -> int:
    writes = selectors.EVENT_WRITE if mask & ~select.EPOLLIN else 0
    return writes | (selectors.EVENT_READ if mask & ~select.EPOLLOUT else 0)


def fair_loop() -> asyncio.AbstractEventLoop:
    """A new event loop for a process that serves the API."""
    if hasattr(select, "epoll"):
        return asyncio.SelectorEventLoop(FewAtOnce())
    return asyncio.new_event_loop()
