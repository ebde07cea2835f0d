"""The health check port of a Service on a real socket: what a load balancer in front of this machine is told."""

import asyncio

import aiohttp

from building import create
from kubesim.cluster import Cluster
from kubesim.httpd.listeners import Listeners, Ports
from kubesim.httpd.listeners.listeners import HEALTH
from kubesim.objects.wire import SERVICES, Key
from unit.network.webshop import deployment, service


async def asked(cluster: Cluster) -> tuple[int, str, object, str]:
    listeners = Listeners(lambda: cluster, Ports())
    await listeners.sync()
    try:
        wanted, listener = next(each for each in listeners._open.items() if each[0].kind == HEALTH)
        address = f"http://127.0.0.1:{listener.port}/"
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            weight = answer.headers["X-Load-Balancing-Endpoint-Weight"]
            shown = listeners.addresses.get(Key(SERVICES, *wanted.place), "")
            return answer.status, weight, await answer.json(), shown
    finally:
        await listeners.close()


def test_a_socket_tells_of_the_endpoints(cluster: Cluster) -> None:
    create(cluster, deployment("web", replicas=1))
    create(cluster, service("web", type="LoadBalancer", externalTrafficPolicy="Local"))
    cluster.advance(15_000)
    status, weight, body, shown = asyncio.run(asked(cluster))
    assert (status, weight) == (200, "1")
    expected = {"service": {"namespace": "default", "name": "web"}, "localEndpoints": 1, "serviceProxyHealthy": True}
    assert body == expected
    # People are shown where the Service itself is, not where its health is told.
    assert shown.count(",") == 1
