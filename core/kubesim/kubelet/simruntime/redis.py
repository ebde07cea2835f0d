"""A small Redis: RESP and inline commands over texts and lists; the data live as long as the process."""

from collections.abc import Callable

from kubesim.kernel.loop import Loop
from kubesim.kubelet.simruntime.process import SimProcess

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
MAX_BUFFER = 1024 * 1024


class _ProtocolError(Exception):
    pass


class Keyspace:
    """The data of one Redis process: texts, lists, and when keys expire."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.texts: dict[bytes, bytes] = {}
        self.lists: dict[bytes, list[bytes]] = {}
        self.expiries: dict[bytes, int] = {}

    def settle(self) -> None:
        """Drop what has expired."""
        for key in [key for key, due in self.expiries.items() if due <= self._loop.now]:
            self.drop(key)

    def drop(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        self.expiries.pop(key, None)
        found = self.texts.pop(key, None) is not None
        return self.lists.pop(key, None) is not None or found

    def expire(self, key: bytes, after_ms: int) -> None:
        """Let a key expire."""
        self.expiries[key] = self._loop.now + after_ms

    def remaining(self, key: bytes) -> int:
        """Seconds until a key expires: -1 never, -2 there is no such key."""
        if key not in self.texts and key not in self.lists:
            return -2
        due = self.expiries.get(key)
        return -1 if due is None else -(-(due - self._loop.now) // 1000)

    def names(self) -> list[bytes]:
        """All keys, texts first."""
        return [*self.texts, *self.lists]


class RedisConnection:
    """One client."""

    def __init__(self, loop: Loop, process: SimProcess, keyspace: Keyspace) -> None:
        self.closed = False
        self._loop = loop
        self._process = process
        self._data = keyspace
        self._buffer = b""

    def feed(self, data: bytes) -> bytes:
        """Answer every complete command."""
        if self.closed:
            return b""
        self._buffer += data
        out = b""
        try:
            while not self.closed and (command := self._next()) is not None:
                if command:
                    self._process.note(self._loop.now, "")
                    self._data.settle()
                    out += self._run(command)
        except _ProtocolError as error:
            self.closed = True
            out += f"-ERR Protocol error: {error}\r\n".encode()
        return out

    def _next(self) -> list[bytes] | None:
        """The next command, cut from the buffer; None while it is not complete."""
        if len(self._buffer) > MAX_BUFFER:
            raise _ProtocolError("too big mbulk count string")
        end = self._buffer.find(b"\r\n")
        if not self._buffer.startswith(b"*"):
            end = self._buffer.find(b"\n")
            if end < 0:
                return None
            line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            return line.split()
        if end < 0:
            return None
        count, at, words = _number(self._buffer[1:end], "invalid multibulk length"), end + 2, []
        for _ in range(count):
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                return None
            if self._buffer[at : at + 1] != b"$":
                raise _ProtocolError(f"expected '$', got '{self._buffer[at : at + 1].decode('latin-1')}'")
            size = _number(self._buffer[at + 1 : end], "invalid bulk length")
            at = end + 2
            if len(self._buffer) < at + size + 2:
                return None
            words.append(self._buffer[at : at + size])
            at += size + 2
        self._buffer = self._buffer[at:]
        return words

    def _run(self, words: list[bytes]) -> bytes:
        name = words[0].decode("latin-1").upper()
        if name == "QUIT":
            self.closed = True
            return OK
        known = _COMMANDS.get(name)
        if known is None:
            listed = " ".join(f"'{_shown(word)}'" for word in words[1:])
            return f"-ERR unknown command '{_shown(words[0])}', with args beginning with: {listed}\r\n".encode()
        least, run = known
        if len(words) - 1 < least:
            return f"-ERR wrong number of arguments for '{name.lower()}' command\r\n".encode()
        return run(self._data, words[1:])


def _shown(word: bytes) -> str:
    return word.decode("utf-8", "replace")


def _number(text: bytes, problem: str) -> int:
    if not text.isdigit() or len(text) > 7:
        raise _ProtocolError(problem)
    return int(text)


def _bulk(value: bytes | None) -> bytes:
    return NIL if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def _array(values: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(values) + b"".join(map(_bulk, values))


def _integer(value: int) -> bytes:
    return b":%d\r\n" % value


def _ping(data: Keyspace, words: list[bytes]) -> bytes:
    del data
    return _bulk(words[0]) if words else b"+PONG\r\n"


def _echo(data: Keyspace, words: list[bytes]) -> bytes:
    del data
    return _bulk(words[0])


def _get(data: Keyspace, words: list[bytes]) -> bytes:
    return _bulk(data.texts.get(words[0]))


def _set(data: Keyspace, words: list[bytes]) -> bytes:
    options = [word.upper() for word in words[2:]]
    exists = words[0] in data.texts
    if (b"NX" in options and exists) or (b"XX" in options and not exists):
        return NIL
    data.drop(words[0])
    data.texts[words[0]] = words[1]
    for position, option in enumerate(options[:-1]):
        if option in {b"EX", b"PX"} and options[position + 1].isdigit():
            data.expire(words[0], int(options[position + 1]) * (1000 if option == b"EX" else 1))
    return OK


def _add(data: Keyspace, key: bytes, step: bytes | int) -> bytes:
    try:
        value = int(data.texts.get(key, b"0")) + int(step)
    except ValueError:
        return b"-ERR value is not an integer or out of range\r\n"
    data.texts[key] = b"%d" % value
    return _integer(value)


def _incr(data: Keyspace, words: list[bytes]) -> bytes:
    return _add(data, words[0], 1)


def _decr(data: Keyspace, words: list[bytes]) -> bytes:
    return _add(data, words[0], -1)


def _incrby(data: Keyspace, words: list[bytes]) -> bytes:
    return _add(data, words[0], words[1])


def _delete(data: Keyspace, words: list[bytes]) -> bytes:
    return _integer(sum(data.drop(word) for word in words))


def _exists(data: Keyspace, words: list[bytes]) -> bytes:
    return _integer(sum(word in data.texts or word in data.lists for word in words))


def _expire(data: Keyspace, words: list[bytes]) -> bytes:
    if (words[0] not in data.texts and words[0] not in data.lists) or not words[1].isdigit():
        return _integer(0)
    data.expire(words[0], int(words[1]) * 1000)
    return _integer(1)


def _ttl(data: Keyspace, words: list[bytes]) -> bytes:
    return _integer(data.remaining(words[0]))


def _keys(data: Keyspace, words: list[bytes]) -> bytes:
    pattern = words[0]
    if pattern == b"*":
        return _array(data.names())
    prefix = pattern.split(b"*")[0]
    return _array([key for key in data.names() if key.startswith(prefix)])


def _size(data: Keyspace, words: list[bytes]) -> bytes:
    del words
    return _integer(len(data.names()))


def _flush(data: Keyspace, words: list[bytes]) -> bytes:
    del words
    for key in data.names():
        data.drop(key)
    return OK


def _push(data: Keyspace, words: list[bytes]) -> bytes:
    found = data.lists.setdefault(words[0], [])
    found.extend(words[1:])
    return _integer(len(found))


def _push_left(data: Keyspace, words: list[bytes]) -> bytes:
    found = data.lists.setdefault(words[0], [])
    found[:0] = reversed(words[1:])
    return _integer(len(found))


def _pop_left(data: Keyspace, words: list[bytes]) -> bytes:
    found = data.lists.get(words[0])
    return _bulk(found.pop(0) if found else None)


def _range(data: Keyspace, words: list[bytes]) -> bytes:
    found = data.lists.get(words[0], [])
    try:
        first, last = int(words[1]), int(words[2])
    except ValueError:
        return b"-ERR value is not an integer or out of range\r\n"
    size = len(found)
    first, last = max(first + size if first < 0 else first, 0), last + size if last < 0 else last
    return _array(found[first : last + 1])


def _info(data: Keyspace, words: list[bytes]) -> bytes:
    del words
    server = "# Server\r\nredis_version:8.2.1\r\nredis_mode:standalone\r\n"
    text = f"{server}\r\n# Keyspace\r\ndb0:keys={len(data.names())}\r\n"
    return _bulk(text.encode())


def _fine(data: Keyspace, words: list[bytes]) -> bytes:
    del data, words
    return OK


def _nothing(data: Keyspace, words: list[bytes]) -> bytes:
    del data, words
    return b"*0\r\n"


_COMMANDS: dict[str, tuple[int, Callable[[Keyspace, list[bytes]], bytes]]] = {
    "PING": (0, _ping), "ECHO": (1, _echo), "GET": (1, _get), "SET": (2, _set), "INCR": (1, _incr), "DECR": (1, _decr),
    "INCRBY": (2, _incrby), "DEL": (1, _delete), "EXISTS": (1, _exists), "EXPIRE": (2, _expire), "TTL": (1, _ttl),
    "KEYS": (1, _keys), "DBSIZE": (0, _size), "FLUSHALL": (0, _flush), "FLUSHDB": (0, _flush), "RPUSH": (2, _push),
    "LPUSH": (2, _push_left), "LPOP": (1, _pop_left), "LRANGE": (3, _range), "INFO": (0, _info), "SELECT": (1, _fine),
    "AUTH": (1, _fine), "CLIENT": (0, _fine), "COMMAND": (0, _nothing), "CONFIG": (0, _nothing),
}  # fmt: skip
