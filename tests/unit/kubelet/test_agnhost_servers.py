"""The servers of agnhost: where they listen by their flags, and what they answer over HTTP and by datagram."""

import json
from types import SimpleNamespace

import pytest

from kubesim.kubelet.profile import Profile
from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime import program
from kubesim.kubelet.simruntime.agnhost import roles
from kubesim.kubelet.simruntime.agnhost.connection import AgnhostConnection
from kubesim.kubelet.simruntime.agnhost.site import AgnhostSite
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.program import Asked
from kubesim.objects.connections import CONNECTED, REFUSED, Attempt

NOW = 1_750_000_000_000
FACTS = Facts("default", "netserver-0", "u", "c", "agnhost", "node-1", "172.18.0.3", "10.244.1.5")
PROFILE = Profile("agnhost", entrypoint=("/agnhost",), arguments=("pause",))


@pytest.mark.parametrize(
    ("argv", "tcp", "udp"),
    [
        (("/agnhost", "netexec"), (8080,), (8081,)),
        (("/agnhost", "netexec", "--http-port=8083", "--udp-port=8081"), (8083,), (8081,)),
        (("/agnhost", "netexec", "--http-port", "100"), (100,), (8081,)),
        (("/agnhost", "netexec", "--http-port=80", "--udp-port=-1"), (80,), ()),
        (("/agnhost", "serve-hostname"), (9376,), ()),
        (("agnhost", "serve-hostname", "--http=false", "--udp", "--port", "90"), (), (90,)),
        (("/agnhost", "test-webserver"), (80,), ()),
    ],
    ids=["netexec", "flags", "words", "no-udp", "hostname", "hostname-udp", "files"],
)
def test_ports(argv: tuple[str, ...], tcp: tuple[int, ...], udp: tuple[int, ...]):
    role = roles.role_of(argv)
    assert role is not None
    assert (role.tcp, role.udp) == (tcp, udp)


@pytest.mark.parametrize("argv", [("/agnhost", "pause"), ("/agnhost",), ("nginx",), ()], ids=repr)
def test_what_serves_nothing(argv: tuple[str, ...]):
    assert roles.role_of(argv) is None
    found = roles.profiled(PROFILE, argv)
    assert (found.ports, found.protocol, found.only_own_ports) == ((), PROFILE.protocol, False)


def test_only_the_ports_of_the_server_are_open():
    built = program.build(PROFILE, Asked(arguments=("netexec", "--http-port=90"), ports=(7,)), Surroundings({}, {}))
    assert built.ports == (90, 8081)
    built = program.build(PROFILE, Asked(("/agnhost", "serve-hostname"), (), (7,)), Surroundings({}, {}))
    assert (built.ports, built.timeline.serves_ms) == ((9376,), 0)


class Neighbour:
    """The network of the caller: one server, as the program under test."""

    def __init__(self, *arguments, port=None):
        self.arguments, self.port = arguments, port

    def open(self, host, port, protocol="TCP"):
        wire = served(*self.arguments, port=self.port)
        return Attempt(CONNECTED, host, wire) if port == 8083 or protocol == "UDP" else Attempt(REFUSED, host)


def served(*arguments, files=None, world=None, port=None):
    built = program.build(PROFILE, Asked(arguments=arguments), Surroundings({}, {}))
    process = SimProcess(built, NOW, FACTS, files or {})
    role = roles.role_of(built.argv)
    site = AgnhostSite(SimpleNamespace(now=NOW + 5_000), process, FACTS, role, world)
    return AgnhostConnection(site, role, FACTS, port or built.ports[0])


def get(wire, target):
    head, _, body = wire.feed(f"GET {target} HTTP/1.1\r\nHost: a\r\nX-Own: yes\r\n\r\n".encode()).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/hostname", 200, "netserver-0"),
        ("/hostName", 200, "netserver-0"),
        ("/healthz", 200, ""),
        ("/echo?msg=hi%20you", 200, "hi you"),
        ("/echo?msg=no&code=503", 503, "no"),
        ("/header?key=X-Own", 200, "yes"),
        ("/shell?shellCommand=echo%20here", 200, '{"output":"here\\n"}'),
        ("/dial?host=a", 400, "request parameter not specified. <nil>\n"),
        ("/dial?host=a&request=b", 400, "host and/or port param are invalid. address : invalid port\n"),
        ("/dial?host=a&port=1&request=b&protocol=quic", 400, "unsupported protocol. quic\n"),
        ("/nowhere", 404, "404 page not found\n"),
    ],
)
def test_pages_of_netexec(target: str, status: int, body: str):
    assert get(served("netexec"), target) == (status, body)


def test_dialling():
    world = Neighbour("netexec", "--http-port=8083")
    wire = served("netexec", world=world)
    found = get(wire, "/dial?request=hostname&protocol=http&host=10.0.0.1&port=8083&tries=2")
    assert found == (200, '{"responses":["netserver-0","netserver-0"]}')
    assert get(wire, "/dial?request=echo%3Fmsg%3Dhi&host=10.0.0.1&port=8083") == (200, '{"responses":["hi"]}')
    datagrams = served("netexec", world=Neighbour("netexec", port=8081))
    found = get(datagrams, "/dial?request=echo%20Abc&protocol=udp&host=10.0.0.1&port=8081")
    assert json.loads(found[1]) == {"responses": ["Abc"]}
    assert "connection refused" in get(wire, "/dial?request=hostname&protocol=http&host=10.0.0.1&port=1")[1]


def test_nettest_remembers_who_wrote():
    wire = served("nettest")
    assert json.loads(get(wire, "/read")[1])["Received"] is None
    for body in (b'{"Source": "prestop"}', b'{"Source": "prestop"}', b"{}"):
        said = wire.feed(b"POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert said.endswith(b'{"Hostname":"netserver-0"}\n')
    state = json.loads(get(wire, "/read")[1])
    assert state["Received"] == {"prestop": 2}
    assert state["Errors"] == ["netserver-0: Got request with no source"]
    assert (get(wire, "/status"), get(wire, "/")[0]) == ((200, "running"), 404)


def test_datagrams_and_http_on_one_port():
    wire = served("netexec", "--http-port=80", "--udp-port=80")
    assert wire.feed(b"hostName\n") == b"netserver-0"
    assert wire.feed(b"echo Some Text") == b"Some Text"
    assert wire.feed(b"what") == b"unknown command: what"
    assert get(served("netexec", "--http-port=80", "--udp-port=80"), "/hostname") == (200, "netserver-0")


def test_what_is_no_http_gets_400():
    assert served("netexec").feed(b"hostName\n").startswith(b"HTTP/1.1 400 Bad Request")


def test_files_are_served():
    files = {"/results/a": "OK\n", "/results/deep/b": "x", "/etc/hosts": "h"}
    wire = served("test-webserver", files=files)
    assert get(wire, "/results/a") == (200, "OK\n")
    assert get(wire, "/results")[1] == '<pre>\n<a href="a">a</a>\n<a href="deep/">deep/</a>\n</pre>\n'
    assert get(wire, "/results/none")[0] == 404
    assert get(served("serve-hostname"), "/any/path") == (200, "netserver-0")
