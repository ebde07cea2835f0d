"""Lists: selectors, pages with continue tokens, lists at a past revision, and the metadata of the answer."""

import base64
import binascii
from bisect import bisect_right
from typing import Any, NamedTuple

import orjson

from kubesim.api import golang
from kubesim.api.failures import (
    bad_revision,
    too_large_revision,
    too_old_continue,
    too_old_list,
)
from kubesim.api.options import ListOptions, revision_of
from kubesim.api.scheme import Scheme, fields_of, table_of
from kubesim.api.strategy import Strategy
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError, bad_request
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.mvcc import CompactedError, Store

TOKEN_VERSION = "meta.k8s.io/v1"
COMPACTION_MS = 300_000
"""How often the states before the last time are given up. # k8s: storagebackend DefaultCompactInterval."""
_Item = tuple[str, str, Tree]


class Page(NamedTuple):
    """Objects in key order and the metadata of the list."""

    items: list[Tree]
    metadata: dict[str, Any]


class Lists:
    """Answers lists from the store. # k8s: apiserver/pkg/storage/etcd3 GetList and the watch cache in front of it."""

    def __init__(self, store: Store, scheme: Scheme, journal: Journal, loop: Loop) -> None:
        self._store = store
        self._scheme = scheme
        self._journal = journal
        self._loop = loop

    def page(self, strategy: Strategy, namespace: str, options: ListOptions) -> Page:
        """One page of a list. Raises ApiError."""
        if options.fields is not None:
            self._scheme.check_fields(strategy, options.fields)
        if options.token:
            items, revision = self._continued(strategy, namespace, options)
        else:
            items, revision = self._at(strategy, namespace, options)
        return self._cut(strategy, namespace, items, revision, options)

    def _at(self, strategy: Strategy, namespace: str, options: ListOptions) -> tuple[list[_Item], int]:
        asked = revision_of(options.revision, _bad_revision)
        current = self._store.revision
        if asked > current:
            raise too_large_revision(asked, current)
        exact = options.match == "Exact" or (asked and options.limit and not options.match)
        if not exact:
            return _in_order(self._store.items(table_of(strategy), namespace), namespace), current
        try:
            return _in_order(self._past(table_of(strategy), namespace, asked), namespace), asked
        except CompactedError:
            raise too_old_list() from None

    def _continued(self, strategy: Strategy, namespace: str, options: ListOptions) -> tuple[list[_Item], int]:
        revision, start = decode_token(options.token)
        if options.revision not in {"", "0"}:
            raise bad_request("specifying resource version is not allowed when using continue")
        table = table_of(strategy)
        if revision < 0:
            items, revision = self._store.items(table, namespace), self._store.revision
        else:
            try:
                items = self._past(table, namespace, revision)
            except CompactedError:
                raise too_old_continue(encode_token(-1, start.removeprefix("/"))) from None
        items = _in_order(items, namespace)
        return items[bisect_right(items, _place(start, namespace), key=_item_place) :], revision

    def _past(self, table: Gvr, namespace: str, revision: int) -> list[_Item]:
        """The objects at a revision. Raises CompactedError.

        Every interval gives up what was outdated an interval before. Watches go on from older revisions, out of the
        log. # k8s: apiserver/pkg/storage/etcd3/compact.go, cacher
        """
        following = self._journal.find(revision + 1)
        compacted = self._loop.now // COMPACTION_MS * COMPACTION_MS - COMPACTION_MS
        if following is not None and following.at <= compacted:
            raise CompactedError(revision, revision + 1)
        return self._store.range_at(table, namespace, revision)

    def _cut(self, strategy: Strategy, namespace: str, items: list[_Item], revision: int, options: ListOptions) -> Page:
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        # k8s: the watch cache answers resourceVersion=0 and does not page; one object by name is a plain get.
        limit = 0 if options.revision == "0" else options.limit
        single = options.fields is not None and options.fields.exact("metadata.name") is not None
        if strategy.custom and options.fields is not None and not single:
            # A webhook is asked about all of them at once, for fields are those of the version that is asked for.
            strategy.many_from_storage([tree for _, _, tree in items])
        if not limit or single:
            return Page([tree for _, _, tree in items if selects(strategy, options, tree)], metadata)
        chosen: list[Tree] = []
        for position, (space, name, tree) in enumerate(items):
            if selects(strategy, options, tree):
                chosen.append(tree)
            if len(chosen) == limit:
                rest = len(items) - position - 1
                if rest:
                    start = f"/{name}\0" if namespace else f"/{space}/{name}\0".replace("//", "/")
                    metadata["continue"] = encode_token(revision, start)
                    if options.labels is None and options.fields is None:
                        metadata["remainingItemCount"] = rest
                break
        return Page(chosen, metadata)


def selects(strategy: Strategy, options: ListOptions, obj: Tree) -> bool:
    """Whether an object meets the label and field selectors."""
    if options.labels is not None and not options.labels.matches(obj["metadata"].get("labels")):
        return False
    return options.fields is None or options.fields.matches(fields_of(strategy, obj))


def _bad_revision(text: str) -> ApiError:
    return bad_request(f"invalid resource version: {bad_revision(text)}")


def _item_place(item: _Item) -> tuple[str, str]:
    # Keys of the real store read namespace/name, and "-" sorts before "/".
    return item[0] + "/", item[1]


def _in_order(items: list[_Item], namespace: str) -> list[_Item]:
    return items if namespace else sorted(items, key=_item_place)


def _place(start: str, namespace: str) -> tuple[str, str]:
    key = start.strip("/").rstrip("\0")
    if namespace or "/" not in key:
        return namespace + "/", key
    space, _, name = key.partition("/")
    return space + "/", name


def encode_token(revision: int, start: str) -> str:
    """A continue token. # k8s: apiserver/pkg/storage EncodeContinue."""
    document = orjson.dumps({"v": TOKEN_VERSION, "rv": revision, "start": start})
    return base64.urlsafe_b64encode(document).decode().rstrip("=")


def decode_token(token: str) -> tuple[int, str]:
    """Revision and start key of a continue token. Raises BadRequest."""
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _bad_token(f"illegal base64 data at input byte {_first_bad(token)}") from None
    try:
        document = golang.parse_json(data)
    except ValueError as error:
        raise _bad_token(str(error)) from None
    version = document.get("v", "") if isinstance(document, dict) else ""
    if version != TOKEN_VERSION:
        raise _bad_token(f"server does not recognize this encoded version {version}")
    revision, start = document.get("rv"), document.get("start", "")
    if not isinstance(revision, int) or not revision:
        raise _bad_token(f"incorrect encoded start resourceVersion (version {version})")
    if not isinstance(start, str) or not start:
        raise _bad_token(f"continue key is missing (version {version})")
    return revision, start


def _first_bad(token: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return next((position for position, letter in enumerate(token) if letter not in alphabet), len(token))


def _bad_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
