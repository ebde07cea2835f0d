"""The simulated container runtime: starts programs, opens connections, and lets programs see the cluster's services."""

from collections.abc import Callable, Mapping
from typing import Protocol

from kubesim.kernel.loop import Loop
from kubesim.kubelet.profile import Profile
from kubesim.kubelet.runtime import Connection, Facts
from kubesim.kubelet.simruntime import handshakes, program
from kubesim.kubelet.simruntime.agnhost import porter, roles, webhooks
from kubesim.kubelet.simruntime.agnhost.connection import AgnhostConnection
from kubesim.kubelet.simruntime.agnhost.site import AgnhostSite
from kubesim.kubelet.simruntime.http import HttpConnection
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.program import Asked, Program
from kubesim.kubelet.simruntime.redis import Keyspace, RedisConnection
from kubesim.kubelet.simruntime.site import Site
from kubesim.machinery.client import Client
from kubesim.objects.connections import CONNECTED, NOERROR, NXDOMAIN, REFUSED, Answer, Attempt, Lookup, Record, World
from kubesim.objects.wire import ENDPOINTSLICES, SERVICES

SERVICE_LABEL = "kubernetes.io/service-name"


_HANDSHAKES: Mapping[str, Callable[[Loop, SimProcess], Connection]] = {
    "postgres": handshakes.PostgresConnection,
    "mysql": handshakes.MysqlConnection,
    "mongo": handshakes.MongoConnection,
    "echo": handshakes.EchoConnection,
}


class ServiceWorld:
    """The services of a cluster, as programs of one namespace reach them by name."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def answers(self, host: str, port: int | None) -> bool:
        """Whether a service of that name exists and, with a port, has a ready endpoint."""
        words = host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").split(".")
        name, namespace = words[0], words[1] if len(words) > 1 else self._namespace
        if len(words) == 3:
            # A pod's own name below its service.
            name, namespace = words[1], words[2]
        service = self._client.get(SERVICES, namespace, name)
        if service is None:
            return False
        if port is None:
            return True
        if not any(port == listed["port"] for listed in service["spec"].get("ports") or ()):
            return False
        return any(
            endpoint.get("conditions", {}).get("ready", True)
            for piece in self._client.list(ENDPOINTSLICES, namespace)
            if piece["metadata"].get("labels", {}).get(SERVICE_LABEL) == name
            for endpoint in piece.get("endpoints") or ()
        )

    def lookup(self, name: str, kind: str = "A", *, search: bool = True) -> Lookup:
        """The name itself, when there is such a service."""
        del search
        found = Answer(NOERROR, (Record(f"{name}.", kind, "10.96.0.2"),)) if self.answers(name, None) else None
        return Lookup("10.96.0.10", ((name, found or Answer(NXDOMAIN)),))

    def open(self, host: str, port: int, protocol: str = "TCP") -> Attempt:
        """A connection that says nothing."""
        del protocol
        return Attempt(CONNECTED if self.answers(host, port) else REFUSED)


class WorldMaker(Protocol):
    """Who knows the network of the cluster."""

    def world(self, namespace: str, name: str) -> World:
        """The network as a pod sees it."""

    def files(self, namespace: str, name: str, address: str) -> dict[str, str]:
        """The files about the network that every container of a pod has: path to content."""

    def calls(self, namespace: str, name: str) -> None:
        """A program of a pod fetches something again and again."""


class SimRuntime:
    """Starts programs and answers for them."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self.network: WorldMaker | None = None
        """Joined to it when the cluster has one."""
        self._loop = loop
        self._client = client

    def calls(self, namespace: str, pod: str) -> None:
        """A program of a pod fetches something again and again."""
        if self.network is not None:
            self.network.calls(namespace, pod)

    def world(self, namespace: str, pod: str = "") -> World:
        """The network of a pod; without the cluster's network, the Services of a namespace."""
        if self.network is not None and pod:
            return self.network.world(namespace, pod)
        return ServiceWorld(self._client, namespace)

    def program(
        self, profile: Profile, asked: Asked, env: Mapping[str, str], files: Mapping[str, str], facts: Facts
    ) -> Program:
        """What a container will do, for one start."""
        world = self.world(facts.namespace, facts.pod)
        return program.build(profile, asked, Surroundings(env, files, facts.pod, world))

    def start(
        self, built: Program, now: int, facts: Facts | None = None, files: Mapping[str, str] | None = None
    ) -> SimProcess:
        """Run a program from now on."""
        return SimProcess(built, now, facts, files)

    def open(self, process: SimProcess, facts: Facts, port: int, env: Mapping[str, str]) -> Connection:
        """A connection to a port that listens."""
        protocol = process.program.profile.protocol
        loop = self._loop
        if protocol == "redis" and port != 80:
            if process.data is None:
                process.data = Keyspace(loop)
            return RedisConnection(loop, process, process.data)
        if protocol == "memcached":
            if process.data is None:
                process.data = {}
            return handshakes.MemcachedConnection(loop, process, process.data)
        own = self._agnhost(process, facts, port, env)
        if own is not None:
            return own
        simple = _HANDSHAKES.get(protocol)
        if simple is not None:
            return simple(loop, process)
        if protocol == "amqp" and port == 5672:
            return handshakes.AmqpConnection(loop, process)
        if protocol == "none" and process.program.profile.ports:
            return handshakes.SilentConnection()
        return HttpConnection(Site(loop, process, facts, port, env).answer)

    def _agnhost(self, process: SimProcess, facts: Facts, port: int, env: Mapping[str, str]) -> Connection | None:
        """A connection to one of agnhost's servers."""
        profile = process.program.profile
        if profile.name != roles.IMAGE:
            return None
        if profile.protocol == roles.PORTER:
            return HttpConnection(porter.PorterSite(self._loop, process, env, port).answer)
        role = roles.role_of(process.program.argv) if profile.protocol == roles.PROTOCOL else None
        if role is not None:
            site = AgnhostSite(self._loop, process, facts, role, self.world(facts.namespace, facts.pod))
            return AgnhostConnection(site, role, facts, port)
        return webhooks.HookConnection(self._loop, process) if webhooks.is_hook(process) else None
