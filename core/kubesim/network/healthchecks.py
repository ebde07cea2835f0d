"""kube-proxy's answers to load balancers: how many endpoints of a Service a node has. # k8s: pkg/proxy/healthcheck."""

from kubesim.network.services import Place, ServiceProxy

_END = b"\r\n\r\n"


class HealthCheck:
    """A connection to the health check port of a Service on one node. See ``Wire``."""

    def __init__(self, proxy: ServiceProxy, place: Place, node: str) -> None:
        self.closed = False
        self._proxy = proxy
        self._place = place
        self._node = node
        self._begun = b""

    def feed(self, data: bytes) -> bytes:
        """An answer for each request that is complete."""
        *requests, self._begun = (self._begun + data).split(_END)
        return b"".join(self._answer() for _ in requests)

    def _answer(self) -> bytes:
        count = local_endpoints(self._proxy, self._place, self._node)
        namespace, name = self._place
        body = (
            f'{{\n\t"service": {{\n\t\t"namespace": "{namespace}",\n\t\t"name": "{name}"\n\t}},\n'
            f'\t"localEndpoints": {count},\n\t"serviceProxyHealthy": true\n}}'
        )
        status = "200 OK" if count else "503 Service Unavailable"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
            f"X-Load-Balancing-Endpoint-Weight: {count}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


def local_endpoints(proxy: ServiceProxy, place: Place, node: str) -> int:
    """How many ready endpoints of a Service are on a node."""
    return sum(each.ready and each.node == node for each in proxy.endpoints(*place))
