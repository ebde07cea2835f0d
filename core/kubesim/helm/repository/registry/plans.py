"""Conversations with a registry as plans: they yield HTTP requests, are sent the replies, return what came of it."""

import hashlib
import json
from collections.abc import Generator
from typing import Final, NamedTuple
from urllib.parse import quote as escaped
from urllib.parse import urljoin

from kubesim.helm.chart.archive import MAX_CHART_SIZE
from kubesim.helm.chart.chart import Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry.exchange import Conversation, HttpReply, HttpRequest, ReplyError
from kubesim.helm.repository.registry.manifests import (
    CHART,
    CONFIG,
    MANIFEST,
    MAX_MANIFEST,
    PROVENANCE,
    Descriptor,
    Manifest,
    config_of,
    describe,
    read_manifest,
    write_manifest,
)
from kubesim.helm.repository.registry.references import Reference, Wish, matching, tag_of, versions_in
from kubesim.helm.template.quoting import quote

_FETCH: Final = 'failed to perform "Fetch" on source: '
_MANY_TAGS: Final = 10_000


class Pulled(NamedTuple):
    """A chart out of a registry."""

    reference: Reference
    digest: str
    chart: bytes
    provenance: bytes | None = None


class Upload(NamedTuple):
    """A chart on its way into a registry; ``created`` is a time in RFC 3339."""

    metadata: Metadata
    chart: bytes
    created: str
    provenance: bytes | None = None


class Registry(NamedTuple):
    """Where requests go: ``http://`` or ``https://`` with the host, and the conversation with it."""

    base: str
    conversation: Conversation

    def request(self, method: str, repository: str, rest: str, **parts: object) -> HttpRequest:
        """A request about a repository."""
        return HttpRequest(method, f"{self.base}/v2/{repository}/{rest}", **parts)  # type: ignore[arg-type]


def login(registry: Registry, name: str) -> Generator[HttpRequest, HttpReply, None]:
    """Check that the credentials are good."""
    request = HttpRequest("GET", f"{registry.base}/v2/")
    try:
        reply = yield from registry.conversation.ask(request)
        if reply.status != 200:
            raise ReplyError(request, reply)
    except ChartError as error:
        raise ChartError(f"authenticating to {quote(name)}: {error}") from None


def find(registry: Registry, wish: Wish, text: str) -> Generator[HttpRequest, HttpReply, Reference]:
    """The reference with the tag that the wish leaves open; ``text`` is what the user wrote."""
    if wish.is_complete:
        return wish.reference
    versions = yield from tags(registry, wish.reference.repository)
    if not versions:
        raise ChartError(f"unable to locate any tags in provided repository: {text}")
    version = matching(versions, wish.version)
    return wish.reference._replace(tag=tag_of(version))


def tags(registry: Registry, repository: str) -> Generator[HttpRequest, HttpReply, list[str]]:
    """The versions of a chart, newest first."""
    request = registry.request("GET", repository, "tags/list")
    found: list[str] = []
    while True:
        reply = yield from registry.conversation.ask(request)
        if reply.status != 200:
            raise ReplyError(request, reply)
        try:
            found.extend(str(tag) for tag in json.loads(reply.body).get("tags") or ())
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise ChartError(f"{request.method} {quote(request.url)}: failed to decode response") from None
        following = _next_page(request.url, reply)
        if not following or len(found) > _MANY_TAGS:
            return versions_in(found)
        request = request._replace(url=following)


def _next_page(url: str, reply: HttpReply) -> str:
    link = reply.headers.get("link", "")
    return urljoin(url, link[1 : link.index(">")]) if link.startswith("<") and ">" in link else ""


def pull(
    registry: Registry, reference: Reference, provenance: bool = False
) -> Generator[HttpRequest, HttpReply, Pulled]:
    """The chart, and its provenance if asked for and there; every part is checked against its digest."""
    data = yield from _manifest(registry, reference)
    manifest = read_manifest(data)
    chart = yield from _blob(registry, reference, manifest.chart)
    yield from _blob(registry, reference, manifest.config)
    proof = None
    if manifest.provenance is not None and provenance:
        proof = yield from _blob(registry, reference, manifest.provenance)
    return Pulled(reference, _digest(data), chart, proof)


def _manifest(registry: Registry, reference: Reference) -> Generator[HttpRequest, HttpReply, bytes]:
    request = registry.request(
        "GET", reference.repository, f"manifests/{reference.wanted}", headers={"Accept": MANIFEST}, limit=MAX_MANIFEST
    )
    try:
        reply = yield from registry.conversation.ask(request)
        if reply.status == 404:
            raise ChartError(f"{reference}: not found")
        if reply.status != 200:
            raise ReplyError(request, reply)
        told = reply.headers.get("docker-content-digest", "")
        wanted = reference.digest or (told if told.startswith("sha256:") else "")
        if wanted.startswith("sha256:") and wanted != _digest(reply.body):
            raise ChartError(
                f"{request.method} {quote(request.url)}: invalid response; digest mismatch in "
                f"Docker-Content-Digest: received {quote(wanted)} when expecting {quote(_digest(reply.body))}"
            )
    except ChartError as error:
        raise ChartError(f'failed to perform "FetchReference" on source: {error}') from None
    return reply.body


def _blob(registry: Registry, reference: Reference, descriptor: Descriptor) -> Generator[HttpRequest, HttpReply, bytes]:
    """Content by its digest."""
    if descriptor.size > MAX_CHART_SIZE:
        raise ChartError(f"{_FETCH}{descriptor.digest}: {descriptor.size} bytes are more than {MAX_CHART_SIZE}")
    request = registry.request("GET", reference.repository, f"blobs/{descriptor.digest}", limit=descriptor.size)
    try:
        reply = yield from registry.conversation.ask(request)
        if reply.status == 404:
            raise ChartError(f"{descriptor.digest}: not found")
        if reply.status != 200:
            raise ReplyError(request, reply)
        if len(reply.body) != descriptor.size:
            raise ChartError(f"{request.method} {quote(request.url)}: mismatch Content-Length")
    except ChartError as error:
        raise ChartError(f"{_FETCH}{error}") from None
    if _digest(reply.body) != descriptor.digest:
        raise ChartError(f"{_FETCH}mismatch digest: {descriptor.digest}")
    return reply.body


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def push(registry: Registry, reference: Reference, upload: Upload) -> Generator[HttpRequest, HttpReply, str]:
    """Put a chart into the registry under the reference's tag; returns the manifest's digest."""
    registry.conversation.scope = f"repository:{reference.repository}:pull,push"
    config = config_of(upload.metadata)
    blobs = [(describe(CHART, upload.chart), upload.chart), (describe(CONFIG, config), config)]
    proof = None
    if upload.provenance is not None:
        proof = describe(PROVENANCE, upload.provenance)
        blobs.append((proof, upload.provenance))
    manifest = write_manifest(Manifest(blobs[1][0], blobs[0][0], proof), upload.metadata, upload.created)
    digest = _digest(manifest)
    if not (yield from _exists(registry, reference, f"manifests/{digest}")):
        for descriptor, data in blobs:
            if not (yield from _exists(registry, reference, f"blobs/{descriptor.digest}")):
                yield from _send_blob(registry, reference, descriptor, data)
    request = registry.request(
        "PUT", reference.repository, f"manifests/{reference.tag}", headers={"Content-Type": MANIFEST}, body=manifest
    )
    yield from _expect(registry, request, 201, "Push")
    return digest


def _exists(registry: Registry, reference: Reference, what: str) -> Generator[HttpRequest, HttpReply, bool]:
    headers = {"Accept": MANIFEST} if what.startswith("manifests/") else {}
    request = registry.request("HEAD", reference.repository, what, headers=headers)
    try:
        reply = yield from registry.conversation.ask(request)
        if reply.status == 404:
            return False
        if reply.status != 200:
            raise ReplyError(request, reply)
    except ChartError as error:
        raise ChartError(f'failed to perform "Exists" on destination: {error}') from None
    return True


def _send_blob(
    registry: Registry, reference: Reference, descriptor: Descriptor, data: bytes
) -> Generator[HttpRequest, HttpReply, None]:
    start = registry.request("POST", reference.repository, "blobs/uploads/")
    reply = yield from _expect(registry, start, 202, "Push")
    place = urljoin(start.url, reply.headers.get("location", ""))
    # differs: Helm follows a registry that sends uploads elsewhere; here no credentials leave the host they are for
    if urljoin(place, "/") != urljoin(start.url, "/"):
        raise ChartError(f'failed to perform "Push" on destination: {start.url}: upload leads to another host')
    url = f"{place}{'&' if '?' in place else '?'}digest={escaped(descriptor.digest, safe='')}"
    request = HttpRequest("PUT", url, {"Content-Type": "application/octet-stream"}, data)
    yield from _expect(registry, request, 201, "Push")


def _expect(
    registry: Registry, request: HttpRequest, status: int, what: str
) -> Generator[HttpRequest, HttpReply, HttpReply]:
    try:
        reply = yield from registry.conversation.ask(request)
        if reply.status != status:
            raise ReplyError(request, reply)
    except ChartError as error:
        raise ChartError(f'failed to perform "{what}" on destination: {error}') from None
    return reply
