"""Bodies that are meant to keep a server busy, for the benchmark ``attack``: each as large as it may be, or larger."""

from collections.abc import Iterator
from typing import NamedTuple

MERGE, APPLY, JSON, YAML = (
    "application/merge-patch+json", "application/apply-patch+yaml", "application/json", "application/yaml",
)  # fmt: skip
PROTOBUF = "application/vnd.kubernetes.protobuf"
MOST = 3 * 1024 * 1024 - 4096
SPACE = "/api/v1/namespaces/default"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/hurt.io/v1/namespaces/default/things"


class Sent(NamedTuple):
    """One request."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = JSON


def many(item: str, count: int) -> str:
    """An item again and again, with its number at each %x, as long as it fits."""
    found, size = [], 0
    for number in range(count):
        text = item.replace("%x", f"{number:x}")
        size += len(text) + 1
        if size > MOST:
            break
        found.append(text)
    return ",".join(found)


def of(kind: str, rest: str, meta: str = "", version: str = "v1") -> bytes:
    """An object named hurt."""
    return f'{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"hurt"{meta}}}{rest}}}'.encode()


def pod(inside: str, beside: str = "") -> bytes:
    """A pod with much in its container or its spec."""
    return of("Pod", f',"spec":{{"containers":[{{"name":"a","image":"b"{inside}}}]{beside}}}')


DEFINITION = (
    '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.hurt.io"},'
    '"spec":{"group":"hurt.io","names":{"kind":"Thing","plural":"things"},"scope":"Namespaced","versions":[{"name":"v1",'
    '"served":true,"storage":true,"schema":{"openAPIV3Schema":%s}}]}}'
)
SCHEMA = (
    '{"type":"object","properties":{"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"list":{"type":'
    '"array","items":{"type":"object","properties":{"d":{"type":"string","default":"x"}}}},"keyed":{"type":"array",'
    '"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],'
    '"properties":{"k":{"type":"string"}}}},"pattern":{"type":"array","items":{"type":"string","pattern":"^(a+)+$"}},'
    '"rule":{"type":"array","maxItems":100000,"items":{"type":"integer"},"x-kubernetes-validations":'
    '[{"rule":"self.all(x, x < 100)"}]}}}'
)


def oversized() -> Iterator[tuple[str, Sent]]:
    """Up to 3 MiB of as many values as that can hold, and more than 3 MiB."""
    maps = f"{SPACE}/configmaps"
    for name, item in (("objects", '"%x":{}'), ("lists", '"%x":[]'), ("texts", '"%x":""')):
        body = of("ConfigMap", f',"data":{{{many(item, 1_000_000)}}}')
        yield f"a million fields of {name}", Sent("POST", maps, body)
        yield f"a million fields of {name}, applied", Sent("PATCH", f"{maps}/hurt?fieldManager=a", body, APPLY)
    yield "numbers", Sent("POST", maps, b"[" + b"1," * (MOST // 2) + b"1]")
    yield "deep", Sent("POST", maps, b'{"a":' * 500_000 + b"1" + b"}" * 500_000)
    yield "4 MiB", Sent("POST", maps, b" " * 4_000_000)
    yield "YAML", Sent("POST", maps, b"a: {b: c}\n" * (MOST // 10), YAML)
    yield "YAML lines", Sent("POST", maps, "\n".join(f"a{line}: b" for line in range(200_000)).encode(), YAML)
    text = of("ConfigMap", ',"data":{"a":"%s"}' % ("x," * 500_000))
    yield "a text", Sent("POST", maps, text)
    yield "a text, applied", Sent("PATCH", f"{maps}/hurt?fieldManager=a&force=true", text, APPLY)
    head = b"k8s\0" + b"\n\x0f\n\x02v1\x12\tConfigMap" + b"\x12"
    yield "protobuf", Sent("POST", maps, head + length(MOST) + b"\x12\x00" * (MOST // 2), PROTOBUF)
    yield "protobuf outside", Sent("POST", maps, b"k8s\0" + b"\x28\x00" * (MOST // 2), PROTOBUF)


def length(value: int) -> bytes:
    """A number as protobuf writes it."""
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def crafted() -> Iterator[tuple[str, Sent]]:
    """Some thousand values, where each costs most; up to four times as many are let in."""
    pods, maps = f"{SPACE}/pods", f"{SPACE}/configmaps"
    for name, path, body in (
        ("texts", maps, of("ConfigMap", f',"data":{{{many(PLAIN, 4_900)}}}')),
        ("bad labels", maps, of("ConfigMap", "", f',"labels":{{{many(WRONG, 4_900)}}}')),
        ("owners", maps, of("ConfigMap", "", f',"ownerReferences":[{many(OWNER, 980)}]')),
        ("finalizers", maps, of("ConfigMap", "", f',"finalizers":[{many(FINALIZER, 4_900)}]')),
        ("containers", pods, of("Pod", f',"spec":{{"containers":[{many(CONTAINER, 1_600)}]}}')),
        ("empty containers", pods, of("Pod", f',"spec":{{"containers":[{many("{}", 2_400)}]}}')),
        ("environment", pods, pod(f',"env":[{many(NAMED, 2_400)}]')),
        ("tolerations", pods, pod("", f',"tolerations":[{many(KEYED, 2_400)}]')),
        ("volumes", pods, pod("", f',"volumes":[{many(NAMED, 2_400)}]')),
    ):  # fmt: skip
        yield f"{name}", Sent("POST", path, body)
        yield f"{name}, merged", Sent("PATCH", f"{path}/hurt", body, MERGE)
        yield f"{name}, applied", Sent("PATCH", f"{path}/hurt?fieldManager=a&force=true", body, APPLY)
        yield "", Sent("PATCH", f"{path}/hurt", b'{"metadata":{"finalizers":null}}', MERGE)
        yield "", Sent("DELETE", f"{path}/hurt?gracePeriodSeconds=0")


PLAIN, WRONG, FINALIZER = '"%x":""', '"!%x":"!"', '"a/%x"'
OWNER = '{"apiVersion":"v1","kind":"Pod","name":"a","uid":"%x"}'
CONTAINER = '{"name":"c%x","image":"a"}'
NAMED = '{"name":"v%x"}'
KEYED = '{"key":"a%x"}'


def custom() -> Iterator[tuple[str, Sent]]:
    """Definitions with large schemas and many rules, and objects that their schemas are hard on."""
    wide = f'{{"type":"object","properties":{{{many(chr(34) + "p%x" + chr(34) + ":" + TEXT, 14_000)}}}}}'
    rules = f'{{"type":"object","x-kubernetes-validations":[{many(RULE, 490)}]}}'
    versions = DEFINITION.replace("[{", "[" + many(VERSION, 2_400) + ",{") % '{"type":"object"}'
    for name, schema in (("a wide schema", wide), ("many rules", rules)):
        yield name, Sent("POST", DEFINITIONS, (DEFINITION % schema).encode())
        yield "", Sent("DELETE", f"{DEFINITIONS}/things.hurt.io")
    yield "many versions", Sent("POST", DEFINITIONS, versions.encode())
    yield "", Sent("POST", DEFINITIONS, (DEFINITION % SCHEMA).encode())
    for field, items in (
        ("free", "{" + many('"%x":{}', 2_400) + "}"), ("list", "[" + many("{}", 2_400) + "]"),
        ("keyed", "[" + many('{"k":"%x"}', 2_400) + "]"), ("pattern", "[" + many('"aaaaaaaaaaaaaaa%x"', 4_900) + "]"),
        ("rule", "[" + many("1", 4_900) + "]"), ("pattern", '["' + "a" * (MOST - 1000) + '!"]'),
    ):  # fmt: skip
        body = of("Thing", f',"{field}":{items}', version="hurt.io/v1")
        yield f"{field}", Sent("POST", THINGS, body)
        yield f"{field}, applied", Sent("PATCH", f"{THINGS}/hurt?fieldManager=a&force=true", body, APPLY)
        yield "", Sent("DELETE", f"{THINGS}/hurt")
    yield "", Sent("DELETE", f"{DEFINITIONS}/things.hurt.io")


TEXT = '{"type":"string"}'
RULE = '{"rule":"0x%x==1"}'
VERSION = '{"name":"v%x","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}'
