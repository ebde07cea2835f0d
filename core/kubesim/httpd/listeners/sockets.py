"""Loopback sockets: the port that was asked for, or the next best that is free."""

import socket
from collections.abc import Iterable

HOST = "127.0.0.1"


def listen(wished: Iterable[int]) -> socket.socket:
    """Listen on the first of these ports that can be had; 0 is any free one. Raises OSError when none can."""
    failed: OSError | None = None
    for port in wished:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, port))
            found.listen(256)
        except OSError as error:
            found.close()
            failed = error
        else:
            found.setblocking(False)
            return found
    raise failed or OSError("no port to listen on")


def port_of(listening: socket.socket) -> int:
    """The port of a socket."""
    return int(listening.getsockname()[1])
