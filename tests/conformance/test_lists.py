"""Lists in pages, as the conformance tests of chunking read them: consistent, then from where an old page ended."""

import pytest

from conformance.conftest import Speak
from conformance.ways import Local, Resource
from kubesim.cluster import Cluster, Settings
from kubesim.objects.wire import Gvr

TOTAL = 40


def fill(templates: Resource) -> None:
    inner = {"spec": {"containers": [{"name": "test", "image": "test2"}]}}
    for number in range(TOTAL):
        templates.create({"metadata": {"name": f"template-{number:04}"}, "template": inner})


@pytest.mark.parametrize("limit", [1, 7, 39, 40, 41])
def test_pages_of_any_size_are_one_list(of: Speak, limit: int):
    templates = of("v1/podtemplates")
    fill(templates)
    names, query = [], {"limit": str(limit)}
    first = page = templates.call("list", query=query)
    while True:
        names += [item["metadata"]["name"] for item in page["items"]]
        metadata = page["metadata"]
        assert metadata["resourceVersion"] == first["metadata"]["resourceVersion"]
        assert metadata.get("remainingItemCount", 0) + len(names) == TOTAL
        if "continue" not in metadata:
            break
        page = templates.call("list", query={**query, "continue": metadata["continue"]})
    assert names == [f"template-{number:04}" for number in range(TOTAL)]


def test_a_page_that_was_compacted_away_is_gone_on_with_inconsistently():
    cluster = Cluster(Settings(name="compaction"))
    cluster.advance(60_000)
    templates = Resource(Local(cluster), Gvr("", "v1", "podtemplates"), "default")
    fill(templates)
    first = templates.call("list", query={"limit": "4"})["metadata"]
    query = {"limit": "4", "continue": first["continue"]}
    templates.patch("template-0001", {"metadata": {"labels": {"written": "since"}}})
    cluster.advance(300_000)
    assert templates.call("list", query=query)["metadata"]["resourceVersion"] == first["resourceVersion"]
    cluster.advance(300_000)
    gone = templates.call("list", query=query, code=410)
    assert (gone["reason"], gone["code"]) == ("Expired", 410)
    page = templates.call("list", query={**query, "continue": gone["metadata"]["continue"]})
    assert page["metadata"]["resourceVersion"] != first["resourceVersion"]
    assert page["metadata"]["remainingItemCount"] == TOTAL - 8
    assert [item["metadata"]["name"] for item in page["items"]] == [f"template-{number:04}" for number in range(4, 8)]
    more = templates.call("list", query={**query, "continue": page["metadata"]["continue"]})
    assert more["metadata"]["resourceVersion"] == page["metadata"]["resourceVersion"]
