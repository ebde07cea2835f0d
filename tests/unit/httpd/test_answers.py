"""Answers as bytes: YAML, warnings, long lists in pieces, proxied responses, backends."""

from typing import Any

import orjson
import pytest
import yaml

from kubesim.httpd.answers import YAML, encode, refused, warning_headers
from kubesim.httpd.encoding import LONG, Encoder
from kubesim.httpd.streams.proxying import Backend, answer_of, backend_of
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.wire import WatchEvent


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": "x"}, "a: x\nb: 1\n"),
        ({"time": "2026-01-01T00:00:00Z"}, 'time: "2026-01-01T00:00:00Z"\n'),
        ({"a": "true", "b": "", "c": "1"}, 'a: "true"\nb: ""\nc: "1"\n'),
        ({"items": [{"name": "a"}]}, "items:\n- name: a\n"),
        ({"script": "a\nb\n"}, "script: |\n  a\n  b\n"),
    ],
    ids=["sorted", "time", "texts that look like something else", "list", "lines"],
)
def test_yaml_as_go_writes_it(value: Any, expected: str):
    assert encode(value, YAML).decode() == expected
    assert yaml.safe_load(expected) == value


def test_warnings_are_quoted_and_told_once():
    assert warning_headers(['unknown field "a"', 'unknown field "a"', "b\\c\nd"]) == [
        '299 - "unknown field \\"a\\""',
        '299 - "b\\\\c d"',
    ]


def test_when_to_come_back():
    details = {"retryAfterSeconds": 10}
    assert refused(failure(429, "TooManyRequests", "later", details)).headers == {"Retry-After": "10"}
    assert refused(failure(404, "NotFound", "no")).headers == {}


def thing(number: int, revision: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": f"n{number}", "uid": f"u{number}", "resourceVersion": str(revision)},
        "data": {"a": "b"},
    }


@pytest.mark.parametrize("count", [0, 1, LONG, LONG + 1, 1000])
def test_lists_in_pieces_are_the_same_lists(count: int):
    tree = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": [thing(number) for number in range(count)]}
    pieces = list(Encoder().pieces(tree))
    assert orjson.loads(b"".join(pieces)) == tree
    assert (len(pieces) > 1) == (count > LONG)


def test_objects_are_encoded_again_only_when_they_change():
    encoder = Encoder()
    first = encoder.object(thing(1))
    assert encoder.object(thing(1)) is first
    assert encoder.object(thing(1, revision=2)) is not first
    assert encoder.object({**thing(1), "apiVersion": "v1"}) != first


def test_the_memory_of_the_encoder_is_bounded():
    encoder = Encoder(limit=1000)
    for number in range(1000):
        encoder.object(thing(number))
    assert sum(map(len, encoder._known.values())) <= 1000


def test_a_deletion_is_not_taken_for_the_object():
    encoder = Encoder()
    encoder.event(WatchEvent("ADDED", thing(1), 1))
    assert encoder.event(WatchEvent("DELETED", thing(1), 2)).startswith(b'{"type":"DELETED","object":{')


@pytest.mark.parametrize(
    ("received", "code", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhixx", 200, b"hi"),
        (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", 404, b"no!"),
        (b"HTTP/1.0 204 No Content\r\n\r\n", 204, b""),
    ],
    ids=["length", "chunked", "empty"],
)
def test_answers_of_containers(received: bytes, code: int, body: bytes):
    answer = answer_of(received)
    assert (answer.code, answer.body) == (code, body)


def test_what_is_no_answer():
    with pytest.raises(ApiError, match="malformed HTTP response"):
        answer_of(b"-ERR unknown command\r\n")


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ("web", Backend("web", "")),
        ("web:80", Backend("web", "80")),
        ("http:web:metrics", Backend("web", "metrics")),
        ("https:web", Backend("web", "")),
    ],
    ids=["name", "port", "all", "scheme"],
)
def test_backends(text: str, backend: Backend):
    assert backend_of(text) == backend
