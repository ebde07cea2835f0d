"""Real sockets for Ingresses, node ports and load balancers: what a browser on this machine gets."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.httpd.listeners import Listeners, Ports
from kubesim.httpd.listeners.certificates import FAKE_NAME
from kubesim.httpd.listeners.sockets import listen, port_of
from kubesim.objects.wire import INGRESSES, SECRETS, SERVICES, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

Body = Callable[[Listeners, Cluster, list[str]], Awaitable[None]]


@pytest.fixture(scope="module")
def settled() -> Cluster:
    return build(read(sample_folder() / "ingress"), epoch_ms=DEFAULT_EPOCH_MS)


def with_listeners(cluster: Cluster, body: Body, ports: Ports | None = None) -> None:
    """Run a test with open sockets; they are closed in the end."""

    async def run() -> None:
        said: list[str] = []
        listeners = Listeners(lambda: cluster, ports, said=said.append)
        await listeners.sync()
        try:
            await body(listeners, cluster, said)
        finally:
            await listeners.close()

    asyncio.run(run())


async def get(url: str, host: str, **options: Any) -> tuple[int, str, str]:
    """Status, body and Location of one GET."""
    connector = aiohttp.TCPConnector(ssl=False)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(url, headers={"Host": host}, allow_redirects=False, **options) as answer,
    ):
        return answer.status, await answer.text(), answer.headers.get("Location", "")


def web(listeners: Listeners, name: str = "anything") -> str:
    return listeners.addresses[Key(INGRESSES, "storefront", name)]


@pytest.mark.parametrize(
    ("host", "path", "status", "text"),
    [
        ("blog.example.com", "/", 200, '"pod": "home-'),
        ("api.example.com", "/v1/users?x=1", 200, '"path": "/users"'),
        ("a.b.example.com", "/", 404, "<center>nginx</center>"),
        ("orphan.example.org", "/", 404, "404 Not Found"),
    ],
)
def test_hosts_over_http(settled: Cluster, host, path, status, text):
    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        found = await get(web(listeners) + path, host)
        assert found[0] == status
        assert text in found[1]

    with_listeners(settled, body)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, '"pod": "home-'),
        ("/cart/7", 200, '"pod": "cart-'),
        ("/cartoon", 200, '"pod": "home-'),
        ("/status", 200, '"pod": "api-'),
        ("/status/", 200, '"pod": "home-'),
        ("/reports", 502, "502 Bad Gateway"),
        ("/reviews", 503, "503 Service Temporarily Unavailable"),
    ],
)
def test_paths_over_https(settled: Cluster, path, status, text):
    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        found = await get(web(listeners, "shop") + path, "shop.example.com")
        assert found[0] == status
        assert text in found[1]

    with_listeners(settled, body)


def test_http_is_redirected_to_the_port_of_https(settled: Cluster):
    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        secure = web(listeners, "shop").rpartition(":")[2]
        status, _, location = await get(f"{web(listeners)}/cart?a=1", "shop.example.com")
        assert (status, location) == (308, f"https://shop.example.com:{secure}/cart?a=1")

    with_listeners(settled, body)


async def certificate(port: int, name: str) -> str:
    """The common name of the certificate that a client gets who asks for a host."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    found = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value)


def test_certificates_are_chosen_by_name(settled: Cluster):
    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        port = int(web(listeners, "shop").rpartition(":")[2])
        assert await certificate(port, "shop.example.com") == "shop.example.com"
        assert await certificate(port, "blog.example.com") == FAKE_NAME

    with_listeners(settled, body)


def test_a_certificate_that_cannot_be_used_is_as_good_as_none(settled: Cluster):
    cluster = settled.fork()
    broken = {"data": {"tls.crt": "bm8=", "tls.key": "bm8="}}
    key = Key(SECRETS, "storefront", "shop-tls")
    cluster.handle(Request("patch", key, body=broken, content_type="application/merge-patch+json"))
    cluster.advance(1_000)

    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        port = int(web(listeners, "shop").rpartition(":")[2])
        assert await certificate(port, "shop.example.com") == FAKE_NAME

    with_listeners(cluster, body)


def test_node_ports_and_load_balancers(settled: Cluster):
    cluster = settled.fork()
    for name, kind in (("node", "NodePort"), ("balanced", "LoadBalancer")):
        spec = {"type": kind, "selector": {"app": "cart"}, "ports": [{"port": 18081, "targetPort": 8080}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        assert cluster.handle(Request("create", Key(SERVICES, "storefront"), body=body)).code == 201
    cluster.advance(5_000)

    async def body_of(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        for name in ("node", "balanced"):
            address = listeners.addresses[Key(SERVICES, "storefront", name)].partition(",")[0]
            assert '"pod": "cart-' in (await get(f"http://{address}/", "x"))[1]
        assert any(line.startswith("service storefront/balanced: load balancer 18081 on 127.0.0.1:") for line in said)
        cluster.handle(Request("delete", Key(SERVICES, "storefront", "node")))
        cluster.advance(1_000)
        listeners.changed()
        await asyncio.sleep(0.1)
        assert Key(SERVICES, "storefront", "node") not in listeners.addresses

    with_listeners(cluster, body_of)


def test_a_service_without_endpoints_hangs_up(settled: Cluster):
    cluster = settled.fork()
    spec = {"type": "NodePort", "selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "none"}, "spec": spec}
    cluster.handle(Request("create", Key(SERVICES, "storefront"), body=body))
    cluster.advance(1_000)

    async def body_of(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        port = int(listeners.addresses[Key(SERVICES, "storefront", "none")].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()

    with_listeners(cluster, body_of)


def test_listening_changes_nothing_in_the_cluster(settled: Cluster):
    before = settled.digest()

    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        await get(web(listeners) + "/", "blog.example.com")

    with_listeners(settled, body)
    assert settled.digest() == before


def test_the_front_door_opens_and_closes_with_the_ingresses(settled: Cluster):
    cluster = settled.fork()

    async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
        assert [line for line in said if line.startswith("ingress on http://127.0.0.1:")]
        for name in ("shop", "api", "anything"):
            cluster.handle(Request("delete", Key(INGRESSES, "storefront", name)))
        cluster.advance(1_000)
        await listeners.sync()
        assert listeners.addresses == {}

    with_listeners(cluster, body)


def test_a_port_that_was_asked_for_is_used_or_told(settled: Cluster):
    blocker = listen((0,))
    taken = port_of(blocker)
    try:

        async def body(listeners: Listeners, cluster: Cluster, said: list[str]) -> None:
            assert said == ["ingress: not served: Address already in use"]
            assert listeners.addresses == {}

        with_listeners(settled, body, Ports(http=taken))
    finally:
        blocker.close()


def test_sockets_are_on_the_loopback_alone():
    listening = listen((0,))
    assert listening.getsockname()[0] == "127.0.0.1"
    listening.close()
