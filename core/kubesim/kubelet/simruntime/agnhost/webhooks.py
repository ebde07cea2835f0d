"""agnhost as a webhook server: what its subcommands webhook and crd-conversion-webhook answer to reviews.

# k8s: test/images/agnhost/{webhook,crd-conversion-webhook}
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from kubesim.kernel.loop import Loop
from kubesim.kubelet.simruntime.agnhost.roles import words_of
from kubesim.kubelet.simruntime.http import HttpConnection, HttpReply, HttpRequest
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.timeline import format_date

ADMISSION, CONVERSION = "webhook", "crd-conversion-webhook"
SUBCOMMANDS = frozenset({ADMISSION, CONVERSION})
DELAY = "X-Simulated-Delay-Seconds"
"""The header that says how long the answer takes: time does not pass while a webhook is asked."""
FOR_EVER = 3_600
"""Seconds that nobody waits."""
POD = {"group": "", "version": "v1", "resource": "pods"}
CONFIGMAP = {"group": "", "version": "v1", "resource": "configmaps"}
Tree = Mapping[str, Any]
Page = Callable[[Tree, str], dict[str, Any]]
"""The response to the request of a review; the second argument is the image of sidecars."""


def is_hook(process: SimProcess) -> bool:
    """Whether a program of the image is one of these servers."""
    return words_of(process.program.argv)[0] in SUBCOMMANDS


class HookConnection(HttpConnection):
    """A connection over TLS, of which there is only what matters: the server's certificate (PEM, "" for none)."""

    def __init__(self, loop: Loop, process: SimProcess) -> None:
        name, flags = words_of(process.program.argv)
        server = _Server(loop, process, name, flags.get("sidecar-image", ""))
        super().__init__(server.answer)
        files = process.files_at(loop.now)
        self.certificate = files.get(flags.get("tls-cert-file", ""), "")


class _Server(NamedTuple):
    loop: Loop
    process: SimProcess
    name: str
    sidecar: str

    def answer(self, request: HttpRequest) -> HttpReply:
        """Answer a review, and log it."""
        now = self.loop.now
        path = urlsplit(request.target).path or "/"
        status, kind, body, more = self._page(path, request)
        self.process.note(now, f"I{format_date('%m%d %H:%M:%S', now)}.000000       1 main.go] handling request {path}")
        headers = (("Date", format_date("%a, %d %b %Y %H:%M:%S GMT", now)), ("Content-Type", kind), *more)
        return HttpReply(status, headers, body)

    def _page(self, path: str, request: HttpRequest) -> tuple[int, str, bytes, tuple[tuple[str, str], ...]]:
        text = "text/plain; charset=utf-8"
        if path == "/readyz":
            return 200, text, b"ok", ()
        page = _PAGES.get(path) if self.name == ADMISSION else None
        if page is None and (self.name, path) != (CONVERSION, "/crdconvert"):
            return 404, text, b"404 page not found\n", ()
        try:
            review = orjson.loads(request.body)
            asked = review["request"]
            response = _converted(asked) if page is None else page(asked, self.sidecar)
        except (ValueError, KeyError, TypeError) as error:
            return 400, text, f"Request could not be decoded: {error}\n".encode(), ()
        answer = {"kind": review.get("kind"), "apiVersion": review.get("apiVersion")}
        answer["response"] = {"uid": asked.get("uid"), **response}
        seconds = _delay(path, asked)
        delay = ((DELAY, str(seconds)),) if seconds else ()
        return 200, "application/json", orjson.dumps(answer), delay


def _delay(path: str, asked: Tree) -> int:
    """How many seconds an answer takes."""
    if path == "/always-allow-delay-5s":
        return 5
    labels = ((asked.get("object") or {}).get("metadata") or {}).get("labels") or {}
    return FOR_EVER if path == "/pods" and labels.get("webhook-e2e-test") == "wait-forever" else 0


# ---------------------------------------------------------------------- admission
def _allowed(patch: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    if not patch:
        return {"allowed": True}
    return {"allowed": True, "patch": base64.b64encode(orjson.dumps(patch)).decode(), "patchType": "JSONPatch"}


def _denied(**status: Any) -> dict[str, Any]:
    return {"allowed": False, "status": {"metadata": {}, **status}}


def _always_deny(asked: Tree, sidecar: str) -> dict[str, Any]:
    del asked, sidecar
    return _denied(message="this webhook denies all requests")


def _always_allow(asked: Tree, sidecar: str) -> dict[str, Any]:
    del asked, sidecar
    return _allowed()


def _add_label(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    labels = (asked["object"].get("metadata") or {}).get("labels") or {}
    if not labels:
        return _allowed([{"op": "add", "path": "/metadata/labels", "value": {"added-label": "yes"}}])
    if "added-label" not in labels:
        return _allowed([{"op": "add", "path": "/metadata/labels/added-label", "value": "yes"}])
    if labels["added-label"] != "yes":
        return _allowed([{"op": "replace", "path": "/metadata/labels/added-label", "value": "yes"}])
    return _allowed()


def _pods(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    if asked["resource"] != POD:
        return _denied(message="expect resource to be {pods v1}")
    pod = asked["object"]
    label = ((pod.get("metadata") or {}).get("labels") or {}).get("webhook-e2e-test")
    said = []
    if label == "webhook-disallow":
        said.append("the pod contains unwanted label; ")
    if label == "wait-forever":
        said.append("the pod response should not be sent; ")
    bad = [each for each in pod["spec"].get("containers") or () if "webhook-disallow" in each["name"]]
    said += ["the pod contains unwanted container name; "] * len(bad)
    return _denied(message="".join(said).strip()) if said else _allowed()


def _attaching(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    options = asked.get("object") or {}
    if asked.get("name") != "to-be-attached-pod" or asked.get("subResource") != "attach":
        return _allowed()
    if not options.get("stdin") or options.get("container") != "container1":
        return _allowed()
    return _denied(message="attaching to pod 'to-be-attached-pod' is not allowed")


def _mutating_pods(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    pod = asked["object"]
    name = "webhook-added-init-container"
    if pod["metadata"].get("name") != "webhook-to-be-mutated" or _has(pod["spec"].get("initContainers"), name):
        return _allowed()
    added = {"image": "webhook-added-image", "name": name, "resources": {}}
    return _allowed([{"op": "add", "path": "/spec/initContainers", "value": [added]}])


def _sidecar(asked: Tree, sidecar: str) -> dict[str, Any]:
    if not sidecar:
        return _denied(status="Failure", message="No image specified by the sidecar-image parameter", code=500)
    name = "webhook-added-sidecar"
    if _has(asked["object"]["spec"].get("containers"), name):
        return _allowed()
    added = {"image": sidecar, "name": name, "resources": {}}
    return _allowed([{"op": "add", "path": "/spec/containers/-", "value": added}])


def _has(containers: Any, name: str) -> bool:
    return any(container["name"] == name for container in containers or ())


def _data(kind: str) -> Page:
    """The page that refuses objects of a kind with unwanted data."""
    what = {"configmap": "key and value", "custom resource": "data"}[kind]

    def page(asked: Tree, sidecar: str) -> dict[str, Any]:
        del sidecar
        removal = asked["operation"] == "DELETE"
        value = ((asked["oldObject"] if removal else asked["object"]).get("data") or {}).get("webhook-e2e-test")
        if value == "webhook-disallow" and not removal:
            return _denied(reason=f"the {kind} contains unwanted {what}")
        if value == "webhook-nondeletable" and removal:
            return _denied(reason=f"the {kind} cannot be deleted because it contains unwanted key and value")
        return _allowed()

    return page


def _stages(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    data = asked["object"].get("data") or {}
    stage = 2 if data.get("mutation-stage-1") == "yes" else 1 if data.get("mutation-start") == "yes" else 0
    return _allowed([{"op": "add", "path": f"/data/mutation-stage-{stage}", "value": "yes"}] if stage else None)


def _definition(asked: Tree, sidecar: str) -> dict[str, Any]:
    del sidecar
    labels = (asked["object"].get("metadata") or {}).get("labels") or {}
    if labels.get("webhook-e2e-test") == "webhook-disallow":
        return _denied(message="the crd contains unwanted label")
    return _allowed()


_PAGES: Mapping[str, Page] = {
    "/always-allow-delay-5s": _always_allow,
    "/always-deny": _always_deny,
    "/add-label": _add_label,
    "/pods": _pods,
    "/pods/attach": _attaching,
    "/mutating-pods": _mutating_pods,
    "/mutating-pods-sidecar": _sidecar,
    "/configmaps": _data("configmap"),
    "/mutating-configmaps": _stages,
    "/custom-resource": _data("custom resource"),
    "/mutating-custom-resource": _stages,
    "/crd": _definition,
}


# ---------------------------------------------------------------------- conversion
def _converted(asked: Tree) -> dict[str, Any]:
    wanted = asked["desiredAPIVersion"]
    found = []
    for tree in asked["objects"]:
        new = {**tree, "apiVersion": wanted}
        source = tree["apiVersion"]
        if source == wanted:
            text = f"conversion from a version to itself should not call the webhook: {wanted}"
            return {"convertedObjects": [], "result": {"status": "Failure", "message": text}}
        if source.endswith("/v1") and wanted.endswith("/v2"):
            if "hostPort" in new:
                host, _, port = new.pop("hostPort").partition(":")
                new.update(host=host, port=port)
        elif source.endswith("/v2") and wanted.endswith("/v1"):
            if "host" in new and "port" in new:
                new["hostPort"] = f"{new.pop('host')}:{new.pop('port')}"
        else:
            text = f'unexpected conversion version "{source}"'
            return {"convertedObjects": [], "result": {"status": "Failure", "message": text}}
        found.append(new)
    return {"convertedObjects": found, "result": {"metadata": {}, "status": "Success"}}
