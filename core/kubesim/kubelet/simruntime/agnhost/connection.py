"""A connection to one of agnhost's servers: HTTP, or datagrams on a port that takes them."""

from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime.agnhost.roles import Role
from kubesim.kubelet.simruntime.agnhost.site import AgnhostSite
from kubesim.kubelet.simruntime.http import HttpConnection

VERBS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ", b"TRACE ", b"CONNECT ")


class AgnhostConnection:
    """What comes first decides: a port may be open for both protocols."""

    def __init__(self, site: AgnhostSite, role: Role, facts: Facts, port: int) -> None:
        self._http = HttpConnection(site.answer)
        self._facts = facts
        self._datagrams = port in role.udp
        self._serves_http = port in role.tcp
        self._began = False

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._http.closed

    @closed.setter
    def closed(self, value: bool) -> None:
        self._http.closed = value

    def feed(self, data: bytes) -> bytes:
        """What the server answers."""
        if self._began or not self._datagrams or (self._serves_http and data.startswith(VERBS)):
            self._began = True
            return self._http.feed(data)
        return answer(data.decode("utf-8", "replace"), self._facts).encode()


def answer(text: str, facts: Facts) -> str:
    """What netexec answers to a datagram."""
    # k8s: netexec.go startUDPServer
    said = text.strip()
    command, _, rest = said.partition(" ")
    if command.lower() in {"hostname", ""}:
        return facts.pod
    if command.lower() == "echo":
        return rest
    if command.lower() == "clientip":
        return f"{facts.ip}:45678"
    return f"unknown command: {said}"
