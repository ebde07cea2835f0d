import pytest

from kubesim.api.lists import decode_token, encode_token
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CONFIGMAPS, NAMESPACES, TABLE
from unit.api.serving import Serving


@pytest.fixture
def serving() -> Serving:
    serving = Serving()
    for number in range(5):
        labels = {"odd": str(number % 2)}
        serving.must("create", CONFIGMAPS, body={"metadata": {"name": f"c{number}", "labels": labels}})
    return serving


def names(page: dict) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def test_pages_show_each_object_once(serving: Serving) -> None:
    seen: list[str] = []
    query = {"limit": "2"}
    remaining = []
    while True:
        page = serving.must("list", CONFIGMAPS, query=query)
        seen += names(page)
        remaining.append(page["metadata"].get("remainingItemCount"))
        if "continue" not in page["metadata"]:
            break
        query = {"limit": "2", "continue": page["metadata"]["continue"]}
    assert seen == [f"c{number}" for number in range(5)]
    assert remaining == [3, 1, None]


def test_a_page_is_of_the_revision_of_the_first(serving: Serving) -> None:
    first = serving.must("list", CONFIGMAPS, query={"limit": "2"})
    serving.must("delete", CONFIGMAPS, "c3")
    serving.must("create", CONFIGMAPS, body={"metadata": {"name": "c33"}})
    rest = serving.must("list", CONFIGMAPS, query={"continue": first["metadata"]["continue"]})
    assert names(rest) == ["c2", "c3", "c4"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_pages_over_all_namespaces(serving: Serving) -> None:
    serving.must("create", NAMESPACES, body={"metadata": {"name": "another"}})
    serving.must("create", CONFIGMAPS, body={"metadata": {"name": "z"}}, space="another")
    first = serving.must("list", CONFIGMAPS, space="", query={"limit": "1"})
    rest = serving.must("list", CONFIGMAPS, space="", query={"continue": first["metadata"]["continue"]})
    assert names(first) == ["z"]
    assert names(rest) == [f"c{number}" for number in range(5)]


def test_namespaces_are_in_the_order_of_the_stores_keys(serving: Serving) -> None:
    for name in ("team", "team-a"):
        serving.must("create", NAMESPACES, body={"metadata": {"name": name}})
        serving.must("create", CONFIGMAPS, body={"metadata": {"name": name}}, space=name)
    query = {"limit": "1", "continue": encode_token(serving.store.revision, "/space/c4\0")}
    first = serving.must("list", CONFIGMAPS, space="", query=query)
    rest = serving.must("list", CONFIGMAPS, space="", query={"continue": first["metadata"]["continue"]})
    assert (names(first), names(rest)) == (["team-a"], ["team"])


def test_items_of_a_list_have_no_kind(serving: Serving) -> None:
    page = serving.must("list", CONFIGMAPS)
    assert page["kind"] == "ConfigMapList"
    assert all("kind" not in item and "apiVersion" not in item for item in page["items"])


def test_a_table_of_a_selection(serving: Serving) -> None:
    page = serving.must("list", CONFIGMAPS, query={"labelSelector": "odd=1", "includeObject": "None"}, accept=TABLE)
    assert [row["cells"][0] for row in page["rows"]] == ["c1", "c3"]
    assert [row["object"] for row in page["rows"]] == [None, None]


def test_tokens_survive_a_round_trip() -> None:
    assert decode_token(encode_token(12, "/a\0")) == (12, "/a\0")


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("abc", "invalid character 'i' looking for beginning of value"),
        ("e30", "server does not recognize this encoded version "),
        ("!", "illegal base64 data at input byte 0"),
        (encode_token(0, "a"), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
    ],
)
def test_broken_tokens_are_refused(token: str, problem: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode_token(token)
    assert str(caught.value) == f"invalid continue token: continue key is not valid: {problem}"
