"""Calls of the API server to webhooks that run in pods of the cluster: over their Service, with their certificate."""

import base64
import binascii
from typing import Any

from kubesim.network.fabric import OUTSIDE, Network
from kubesim.objects.connections import CONNECTED, REFUSED
from kubesim.objects.wire import EMPTY, SERVICES, Tree

ADDRESS = "kubetui.dev/webhook-address"
"""The annotation of a Service whose webhook runs outside the cluster, on this machine."""
DELAY = "x-simulated-delay-seconds"
Reply = tuple[bytes, str]
"""What was answered, or why nothing was, as Go's HTTP client says it."""


class PodServers:
    """Posts documents to pods."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def post(self, config: Tree, body: bytes, seconds: int) -> Reply | None:
        """The answer to a document that is sent to the ``service`` of a clientConfig; None for others.

        Services whose webhooks run outside the cluster are left to whoever can reach them.
        """
        place: Tree | None = config.get("service")
        if config.get("url") or not place:
            return None
        namespace, name = str(place.get("namespace") or ""), str(place.get("name") or "")
        service = self._network.client.get(SERVICES, namespace, name)
        if service is not None and _is_outside(service):
            return None
        host, port = f"{name}.{namespace}.svc", int(place.get("port") or 443)
        path = str(place.get("path") or "/")
        begin = f'Post "https://{host}:{port}{path}?timeout={seconds}s": '
        if service is None:
            return b"", f'{begin}service "{name}" not found'
        received, why = self._sent(service, (namespace, name), config, body, seconds)
        return received, f"{begin}{why}" if why else ""

    def _sent(self, service: Tree, place: tuple[str, str], config: Tree, body: bytes, seconds: int) -> Reply:
        reference = config["service"]
        port = int(reference.get("port") or 443)
        if not any(each["port"] == port for each in service["spec"].get("ports") or ()):
            return b"", f'no service port {port} found for service "{place[1]}"'
        if not any(each.ready for each in self._network.proxy.endpoints(*place)):
            return b"", f'no endpoints available for service "{place[1]}"'
        way = self._network.to_service(OUTSIDE, place, port)
        address = f"{way.target.ip}:{way.target.port}" if way.target is not None else f"{way.ip}:{port}"
        if way.outcome != CONNECTED or way.wire is None:
            problem = "connect: connection refused" if way.outcome == REFUSED else "i/o timeout"
            return b"", f"dial tcp {address}: {problem}"
        certificate = getattr(way.wire, "certificate", None)
        if certificate is None:
            return b"", "http: server gave HTTP response to HTTPS client"
        host = f"{place[1]}.{place[0]}.svc"
        why = mistrust(str(certificate), config.get("caBundle"), host)
        if why:
            return b"", why
        path = str(reference.get("path") or "/")
        lines = (
            f"POST {path}?timeout={seconds}s HTTP/1.1", f"Host: {host}:{port}", "Content-Type: application/json",
            "Accept: application/json", "User-Agent: kube-apiserver-admission", f"Content-Length: {len(body)}",
        )  # fmt: skip
        return _read(way.wire.feed("\r\n".join((*lines, "", "")).encode() + body), seconds)


def _is_outside(service: Tree) -> bool:
    if service["spec"].get("type") == "ExternalName":
        return True
    return bool((service["metadata"].get("annotations") or EMPTY).get(ADDRESS))


def _read(received: bytes, seconds: int) -> Reply:
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if int(headers.get(DELAY) or 0) >= seconds:
        return b"", "context deadline exceeded"
    words = status.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        return b"", "EOF"
    code = int(words[1])
    if code == 404:
        return b"", "the server could not find the requested resource"
    if code >= 400:
        text = body.decode(errors="replace").strip()
        return b"", f'an error on the server ("{text}") has prevented the request from succeeding'
    return body, ""


# ---------------------------------------------------------------------- certificates
def mistrust(certificate: str, bundle: Any, host: str) -> str:
    """Why a server's certificate (PEM) is not trusted by a caBundle for a name, "" when it is.

    # differs: how long certificates are valid is not looked at, for virtual time is another one than theirs.
    """
    from cryptography import x509  # noqa: PLC0415 - only when a webhook is asked

    try:
        chain = x509.load_pem_x509_certificates(certificate.encode())
    except ValueError:
        return "remote error: tls: internal error"
    try:
        trusted = x509.load_pem_x509_certificates(base64.b64decode(bundle or "", validate=True))
    except (ValueError, binascii.Error):
        trusted = []
    begin = "tls: failed to verify certificate: x509:"
    if not _is_issued(chain, trusted):
        return f"{begin} certificate signed by unknown authority"
    try:
        names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return f"{begin} certificate relies on legacy Common Name field, use SANs instead"
    valid = names.get_values_for_type(x509.DNSName)
    if any(_covers(name, host) for name in valid):
        return ""
    if not valid:
        return f"{begin} certificate is not valid for any names, but wanted to match {host}"
    return f"{begin} certificate is valid for {', '.join(valid)}, not {host}"


def _is_issued(chain: Any, trusted: Any) -> bool:
    """Whether a way leads from the first certificate to one that is trusted."""
    current, rest = chain[0], list(chain[1:])
    for _ in range(len(chain) + 1):
        if current in trusted or any(_is_issuer(each, current) for each in trusted):
            return True
        above = next((each for each in rest if _is_issuer(each, current)), None)
        if above is None:
            return False
        rest.remove(above)
        current = above
    return False


def _is_issuer(issuer: Any, subject: Any) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only when a webhook is asked

    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.partition(".")[2].lower() == pattern[2:].lower()
    return pattern.lower() == host.lower()
