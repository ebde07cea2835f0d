"""Copying files into a container and out of it, as ``kubectl cp`` does: an archive through tar in the container."""

import io
import posixpath
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

HELP = ("FROM TO    a path in the container begins with a colon", "./page.html :/tmp/page.html", ":/etc/hosts ./hosts")

Pipe = Callable[[tuple[str, ...], bytes], Awaitable[tuple[int, bytes, str]]]
"""Runs a command in the container with some input: exit code, output, complaints."""


class Copy(NamedTuple):
    """From where to where; ``inwards`` when the target is in the container."""

    source: str
    target: str
    inwards: bool


def parse(text: str) -> Copy:
    """Read ``FROM TO``. Raises ValueError."""
    words = text.split()
    if len(words) != 2 or sum(word.startswith(":") for word in words) != 1:
        msg = f"write {HELP[0]}: {HELP[1]}"
        raise ValueError(msg)
    source, target = words
    if ":" in (source, target):
        msg = "the path after the colon is missing"
        raise ValueError(msg)
    inwards = target.startswith(":")
    return Copy(source.removeprefix(":"), target.removeprefix(":"), inwards)


async def carry_out(copy: Copy, pipe: Pipe) -> str:
    """Copy; returns what was done in a few words. Raises OSError, ValueError, ConnectionError."""
    return await (_into(copy, pipe) if copy.inwards else _out(copy, pipe))


async def _into(copy: Copy, pipe: Pipe) -> str:
    path = Path(copy.source).expanduser()
    path.stat()
    target = copy.target
    code, _, _ = await pipe(("test", "-d", target), b"")
    # k8s: into a folder that is there, under the own name; else under the new one.
    target = posixpath.join(target, path.name) if code == 0 else target
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(path, arcname=posixpath.basename(target.rstrip("/")))
    folder = posixpath.dirname(target.rstrip("/")) or "."
    code, _, wrong = await pipe(("tar", "-xmf", "-", "-C", folder), stream.getvalue())
    if code:
        raise ValueError(wrong.strip() or f"tar ended with exit code {code}")
    return f"{copy.source} copied to {target}"


async def _out(copy: Copy, pipe: Pipe) -> str:
    code, data, wrong = await pipe(("tar", "cf", "-", copy.source), b"")
    if code or not data:
        raise ValueError(wrong.strip() or f"{copy.source}: no such file or directory")
    target = Path(copy.target).expanduser()
    base = posixpath.basename(copy.source.rstrip("/"))
    if target.is_dir():
        target /= base
    count = 0
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for member in archive:
            inner = _inside(member.name, copy.source)
            if inner is None or not (member.isfile() or member.isdir()):
                continue
            place = target / inner if inner else target
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            content = archive.extractfile(member)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.read() if content is not None else b"")
            count += 1
    if not count:
        msg = f"{copy.source}: no such file or directory"
        raise ValueError(msg)
    return f"{copy.source} copied to {target}" + (f", {count} files" if count > 1 else "")


def _inside(name: str, source: str) -> str | None:
    """The path of a member under what was asked for, "" for itself; None for what would land elsewhere."""
    asked = posixpath.normpath(source).lstrip("/")
    member = posixpath.normpath(name).lstrip("/")
    if member == asked:
        return ""
    inner = member.removeprefix(f"{asked}/")
    # k8s: an archive must not write outside of the target
    return None if inner == member or ".." in inner.split("/") else inner
