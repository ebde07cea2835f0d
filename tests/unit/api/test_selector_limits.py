"""Selectors that would keep everybody waiting are refused, whatever people type is not."""

import pytest

from kubesim.api.options import list_options
from kubesim.objects.errors import ApiError

ALLOWED = {
    "labels": {"labelSelector": ",".join(f"k{number}!=v" for number in range(20))},
    "values": {"labelSelector": f"app in ({','.join(f'v{number}' for number in range(400))})"},
    "fields": {"fieldSelector": ",".join(f"metadata.name!=v{number}" for number in range(20))},
}
REFUSED = {
    "labels": {"labelSelector": ",".join(f"k{number}!=v" for number in range(30))},
    "values": {"labelSelector": f"app notin ({','.join(f'v{number}' for number in range(600))})"},
    "fields": {"fieldSelector": ",".join(f"metadata.name!=v{number}" for number in range(30))},
}


@pytest.mark.parametrize("query", ALLOWED.values(), ids=ALLOWED.keys())
@pytest.mark.parametrize("watch", [False, True], ids=["list", "watch"])
def test_allowed(query: dict[str, str], watch: bool):
    options = list_options(query, watch=watch)
    assert options.labels is not None or options.fields is not None


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("watch", [False, True], ids=["list", "watch"])
def test_refused(query: dict[str, str], watch: bool):
    with pytest.raises(ApiError) as error:
        list_options(query, watch=watch)
    assert error.value.code == 400
    assert "more than 25 requirements" in str(error.value)
