"""Bodies before anyone looks into them: how many values they hold, and YAML turned into JSON beside the event loop.

# differs: kube-apiserver takes on whatever fits into 3 MiB; here the screen waits meanwhile, so that values count, too
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from kubesim.api.documents import read_yaml
from kubesim.objects.errors import ApiError, bad_request, failure
from kubesim.objects.wire import JSON_PATCH, Gvr

VALUES = 20_000
"""How many values a body may have: a thousand endpoints of a slice fit, and most take three microseconds each."""
LONG_VALUES = 30_000
"""The same of CustomResourceDefinitions, whose schemas are long, and of JSON patches."""
RULES = 500
"""How many rules a CustomResourceDefinition may have: each is compiled."""
YAML_AT_ONCE = 16 * 1024
"""Up to how many bytes YAML is read where it is; its reader takes a second for each megabyte."""


def limit_of(gvr: Gvr, content_type: str = "") -> int:
    """How many values a body of this type for this resource may have."""
    # k8s: a JSON patch may have 10,000 operations, and is told so when it has more.
    long = gvr.resource == "customresourcedefinitions" or content_type.startswith(JSON_PATCH)
    return LONG_VALUES if long else VALUES


def values_in(data: bytes, enough: int) -> int:
    """How many values a JSON text has, about; not exact while there are fewer than ``enough``."""
    found = data.count(b",") + data.count(b"{") + data.count(b"[")
    if found < enough:
        return found
    # What stands between quotes is not counted.
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    outside = b"".join(plain.split(b'"')[::2])
    return outside.count(b",") + outside.count(b"{") + outside.count(b"[")


def too_many(limit: int) -> ApiError:
    """Why such a body is refused."""
    return failure(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit} values")


async def admitted(data: bytes, content_type: str, gvr: Gvr) -> bytes:
    """The body, or the JSON of it when it was long YAML. Raises RequestEntityTooLarge and BadRequest."""
    limit = limit_of(gvr, content_type)
    if "yaml" not in content_type or data.lstrip()[:1] in {b"{", b"["}:
        if len(data) > limit and values_in(data, limit) > limit:
            raise too_many(limit)
        if gvr.resource == "customresourcedefinitions" and data.count(b'"rule"') > RULES:
            raise failure(413, "RequestEntityTooLarge", f"Request entity too large: limit is {RULES} rules")
        return data
    if len(data) <= YAML_AT_ONCE:
        return data
    try:
        value = (await asyncio.to_thread(read_yaml, data)).value
        if _count(value, limit) > limit:
            raise too_many(limit)
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except (ValueError, TypeError) as error:
        raise bad_request(str(error)) from None


def _count(value: Any, enough: int) -> int:
    found, waiting = 0, [value]
    while waiting and found <= enough:
        each = waiting.pop()
        found += 1
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found
