"""One HTTP request from its headers to its answer: who asks, may they, who answers, and in which encoding."""

import asyncio
import logging
import zlib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from kubesim.api.documents import BODY_LIMIT, read_json, read_yaml
from kubesim.api.failures import internal, no_such_method, not_acceptable
from kubesim.api.negotiation import media_type, negotiate
from kubesim.api.paths import request_from_http
from kubesim.httpd import bodies, gate, openid, protobuf, reviews
from kubesim.httpd.answers import (
    NOT_FOUND,
    YAML,
    Answer,
    encode,
    indented,
    is_pretty,
    refused,
    warning_headers,
    yaml_pieces,
)
from kubesim.httpd.encoding import long_field
from kubesim.httpd.identities import Attributes, Decision
from kubesim.httpd.metrics import GROUP as METRICS_GROUP
from kubesim.httpd.scraping.requests import Counting
from kubesim.httpd.streams import commands, forwarding, logs, proxying, watching
from kubesim.httpd.streams.pipes import OWN_HEADERS
from kubesim.objects.errors import ApiError, bad_request, failure
from kubesim.objects.wire import JSON, NODES, PODS, SERVICEACCOUNTS, SERVICES, Gvr, Identity, Request

if TYPE_CHECKING:
    from kubesim.api.access.flowcontrol import Flow
    from kubesim.httpd.server import Server

LOG = logging.getLogger("kubesim.httpd")
LOG.addHandler(logging.NullHandler())
GZIP_FROM = 128 * 1024
"""From how many bytes on an answer is compressed. # k8s: apiserver/pkg/endpoints/handlers/responsewriters"""
_UPGRADES = {"exec": commands.serve, "attach": commands.serve, "portforward": forwarding.serve}
_CONNECTIONS = frozenset({*_UPGRADES, "proxy"})


class Exchange:
    """Answers one request."""

    def __init__(self, server: "Server", http: web.BaseRequest) -> None:
        self._server = server
        self._http = http
        self._accept = http.headers.get("Accept", JSON)
        self._record = server.record(http)
        self._flow: Flow | None = None
        self._counting = Counting(server.scrapes.counts)

    async def run(self) -> web.StreamResponse:
        """The response, already on its way when it is a stream."""
        with self._counting as counting:
            try:
                await self._server.turns.take()
                found = await self._respond()
            except ApiError as error:
                found = refused(error)
            except web.HTTPBadRequest as error:
                found = refused(bad_request(f"unable to upgrade: {error.text}"))
            except Exception as error:  # a defect of the simulator must not take the server down
                LOG.exception("%s %s", self._http.method, self._http.raw_path)
                found = refused(internal(f"{type(error).__name__}: {error}"))
            now = self._server.cluster.loop.now
            if isinstance(found, web.StreamResponse):
                counting.code = found.status
                self._record.finished(found.status, None, now)
                return found
            counting.code = found.code
            self._record.finished(found.code, found.body, now)
            return await self._send(found)

    async def _respond(self) -> Answer | web.StreamResponse:
        http, server = self._http, self._server
        route, _, _ = http.raw_path.partition("?")
        path = route.rstrip("/") or "/"
        gate.check_headers(http)
        caller = server.gate.caller(http, path)
        identity = caller.identity
        request = request_from_http(http.method, http.raw_path, http.headers, None, identity)
        if _is_document(path):
            request = None
        wanted = gate.of_path(http.method, path) if request is None else gate.of_request(http.method, request)
        self._record.asked(caller.authenticated, identity, wanted, server.cluster.loop.now)
        self._counting.of(wanted)
        place = server.gate.limits.enter(identity, wanted)
        if place is None:
            return gate.TOO_MANY
        with place:
            self._flow = server.gate.flow(identity, wanted)
            self._admit(identity, wanted)
            return await (self._document(path) if request is None else self._resource(path, request))

    def _admit(self, identity: Identity, wanted: Attributes) -> None:
        try:
            self._record.decided(self._server.gate.admit(identity, wanted))
        except ApiError:
            self._record.decided(Decision(False))
            raise

    async def _document(self, path: str) -> Answer:
        http, server = self._http, self._server
        if http.method not in {"GET", "HEAD"}:
            raise no_such_method()
        keys = openid.answer(path, http.headers.get("Accept", "*/*"), server.keyring, server.url)
        if keys is not None:
            return keys
        scraped = server.scrapes.answer(server.cluster, path)
        if scraped is not None:
            return scraped
        if server.documents.lasting(path) is not None:
            async with server.making:
                # Whoever waited finds it made; what is served may have changed meanwhile.
                work = server.documents.lasting(path)
                if work is not None:
                    await asyncio.to_thread(work)
        found = server.documents.answer(path, dict(http.query), http.headers)
        return NOT_FOUND if found is None else found

    async def _resource(self, path: str, request: Request) -> Answer | web.StreamResponse:
        server, http = self._server, self._http
        request = request._replace(accept=self._json_accept())
        found = server.documents.answer(path, request.query, http.headers) if request.key.gvr.group else None
        if found is not None:
            return found
        stream = await self._stream(request)
        return stream if stream is not None else await self._plain(request)

    def _json_accept(self) -> str:
        """What the client accepts beside protobuf, in which nothing is answered."""
        clauses = [clause.strip() for clause in self._accept.split(",")]
        kept = [clause for clause in clauses if not clause.startswith(protobuf.MEDIA_TYPE)]
        if not kept:
            raise failure(406, "NotAcceptable", "only the following media types are accepted: application/json")
        return ",".join(kept)

    # ------------------------------------------------------------------ streams
    async def _stream(self, request: Request) -> Answer | web.StreamResponse | None:
        gvr, part, server = request.key.gvr, request.subresource, self._server
        self._http[OWN_HEADERS] = self._own_headers()
        if gvr in {PODS, SERVICES, NODES} and part.split("/", 1)[0] in _CONNECTIONS:
            server.catch_up()
            await server.webhooks.answered(partial(server.cluster.api.connect, request))
        if gvr == PODS and part in _UPGRADES:
            return await _UPGRADES[part](server, self._http, request)
        if gvr == PODS and part == "log" and request.verb == "get":
            return await logs.serve(server, self._http, request)
        if gvr in {PODS, SERVICES, NODES} and part.split("/", 1)[0] == "proxy":
            return proxying.serve(server, self._http, request, await self._body())
        if request.verb == "watch":
            seconds = watching.seconds_of(request.query)
            server.catch_up()
            cursor = await server.webhooks.answered(partial(server.cluster.api.watch, request))
            self._record.started(200, server.cluster.loop.now)
            return await watching.serve(server, self._http, cursor, seconds)
        return None

    # ------------------------------------------------------------------ plain requests
    async def _plain(self, request: Request) -> Answer:
        server = self._server
        gvr = request.key.gvr
        if gvr.group == METRICS_GROUP and server.options.metrics:
            server.catch_up()
            return server.metrics.answer(request)
        body = await self._body()
        content_type = self._http.headers.get("Content-Type", "")
        if body and media_type(content_type) == protobuf.MEDIA_TYPE and request.verb != "patch":
            request = request._replace(body=self._decoded(gvr, body), content_type=JSON)
        else:
            request = request._replace(body=await bodies.admitted(body, content_type, gvr) or None)
        self._record.body(request.body)
        if reviews.is_review(request):
            return self._reviewed(request)
        if gvr == SERVICEACCOUNTS and request.subresource == "token" and request.verb == "create":
            return self._token(request)
        server.catch_up()
        notes: dict[str, str] = {}
        response = await server.webhooks.answered(partial(server.cluster.api.handle, request), notes)
        self._record.annotated(notes)
        server.poke()
        answer = Answer(response.code, response.body, JSON, warnings=response.warnings)
        if response.code >= 400:
            return refused(ApiError(response.body))._replace(warnings=response.warnings)
        wanted = self._accept.split(",", 1)[0].split(";", 1)[0].strip().lower()
        return answer._replace(content_type=YAML) if wanted == YAML else answer

    def _decoded(self, gvr: Gvr, body: bytes) -> Any:
        try:
            return protobuf.decode(self._server.schema, body, bodies.limit_of(gvr) * 3)
        except protobuf.TooManyError:
            raise bodies.too_many(bodies.limit_of(gvr)) from None
        except ValueError as error:
            raise bad_request(f"the object provided is unrecognized ({gvr.resource}): {error}") from None

    def _tree(self, request: Request) -> Any:
        """The body of something that is answered and not kept."""
        body = request.body
        if isinstance(body, bytes):
            try:
                yaml = media_type(request.content_type) == YAML
                body = (read_yaml(body) if yaml else read_json(body, repeated=False)).value
            except ValueError as error:
                raise bad_request(str(error)) from None
        return {} if body is None else body

    def _reviewed(self, request: Request) -> Answer:
        server = self._server
        if negotiate(request.accept).form:
            raise not_acceptable()
        body = self._tree(request)
        server.catch_up()
        return server.reviews.answer(request, body, server.cluster.loop.stamp(), server.cluster.api)

    def _token(self, request: Request) -> Answer:
        server, kind = self._server, ("authentication.k8s.io", "v1", "TokenRequest")
        body = self._tree(request)
        if not isinstance(body, Mapping):
            raise bad_request("the object provided is unrecognized (must be of type TokenRequest)")
        decoded = server.schema.decode(kind, body, "Ignore")
        if decoded.errors:
            text = f'TokenRequest in version "v1" cannot be handled as a TokenRequest: {decoded.errors[0]}'
            raise bad_request(text)
        server.catch_up()
        key = request.key
        return Answer(201, server.accounts.request(key.namespace, key.name, decoded.tree))

    async def _body(self) -> bytes:
        http = self._http
        if http.headers.get("Expect", "").lower() == "100-continue" and http.transport is not None:
            http.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not http.can_read_body:
            return b""
        try:
            async with asyncio.timeout(self._server.options.body_seconds):
                body = await self._whole_body()
        except TimeoutError:
            text = "request did not complete within the allotted timeout"
            raise failure(504, "Timeout", f"Timeout: {text}", {}) from None
        except RequestPayloadError as error:
            raise bad_request(f"the body cannot be read: {error}") from None
        await self._server.turns.take()
        return body

    async def _whole_body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in self._http.content.iter_any():
            size += len(part)
            if size > BODY_LIMIT:
                text = f"Request entity too large: limit is {BODY_LIMIT}"
                raise failure(413, "RequestEntityTooLarge", text)
            parts.append(part)
        return b"".join(parts)

    # ------------------------------------------------------------------ sending
    def _own_headers(self) -> dict[str, str]:
        """What every answer says of its request, streams too."""
        headers = {"Audit-Id": self._record.audit_id, "Cache-Control": "no-cache, private"}
        if self._flow is not None:
            headers["X-Kubernetes-PF-FlowSchema-UID"] = self._flow.schema_uid
            headers["X-Kubernetes-PF-PriorityLevel-UID"] = self._flow.level_uid
        return headers

    async def _send(self, answer: Answer) -> web.StreamResponse:
        headers = {**self._own_headers(), **answer.headers}
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        if answer.content_type == JSON and is_pretty(self._http):
            answer = answer._replace(body=indented(answer.body))
        pieces: Iterable[bytes] | None = None
        body = b""
        field = long_field(answer.body)
        if field and answer.content_type == JSON:
            pieces = self._server.encoder.pieces(answer.body)
        elif field and answer.content_type == YAML:
            pieces = yaml_pieces(answer.body, field)
        else:
            body = self._whole(answer)
            if len(body) > GZIP_FROM:
                pieces = (body[at : at + GZIP_FROM] for at in range(0, len(body), GZIP_FROM))
        if pieces is not None and answer.code == 200:
            return await self._send_pieces(pieces, headers, answer.warnings)
        response = web.Response(status=answer.code, body=body, headers=headers)
        for text in warning_headers(answer.warnings):
            response.headers.add("Warning", text)
        return response

    def _whole(self, answer: Answer) -> bytes:
        reads = self._http.method == "GET" and answer.code == 200 and answer.content_type == JSON
        if not reads or not isinstance(answer.body, dict):
            # What a write answers may be a rehearsal, which has the revision of what is stored and is not the same.
            return encode(answer.body, answer.content_type)
        return self._server.encoder.short(answer.body)

    def _gzips(self) -> bool:
        return "gzip" in self._http.headers.get("Accept-Encoding", "")

    async def _send_pieces(
        self, pieces: Iterable[bytes], headers: dict[str, str], warnings: tuple[str, ...]
    ) -> web.StreamResponse:
        """A long answer, in pieces between which others get their turn."""
        packer = zlib.compressobj(1, zlib.DEFLATED, 31) if self._gzips() else None
        if packer is not None:
            headers = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        response = web.StreamResponse(headers=headers)
        for text in warning_headers(warnings):
            response.headers.add("Warning", text)
        if self._http.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(self._http)
        if self._http.method != "HEAD":
            for piece in pieces:
                content = packer.compress(piece) if packer is not None else piece
                if content:
                    await response.write(content)
                await asyncio.sleep(0)
                await self._server.turns.take()
            if packer is not None:
                await response.write(packer.flush())
        await response.write_eof()
        return response


def _is_document(path: str) -> bool:
    """Whether a path of the form of a resource's is a document all the same."""
    parts = path.strip("/").split("/")
    return parts[0] not in {"api", "apis"}
