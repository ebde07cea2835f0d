import pytest

from kubesim.api.negotiation import JSON, YAML, Representation, negotiate
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PARTIAL, TABLE


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", Representation()),
        ("*/*", Representation()),
        ("application/json", Representation()),
        ("image/png, */*", Representation()),
        ("text/plain, application/json;q=0.5", Representation()),
        ("application/yaml", Representation(YAML)),
        ("application/json;q=0.1, application/yaml", Representation(YAML)),
        (TABLE, Representation(JSON, "Table")),
        (f"{TABLE},application/json", Representation(JSON, "Table")),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io", Representation(JSON, "Table", "v1beta1")),
        (PARTIAL, Representation(JSON, "PartialObjectMetadata")),
        ("application/json;as=Foo;v=v1;g=meta.k8s.io,application/json", Representation()),
    ],
)
def test_the_first_known_representation_is_chosen(header: str, wanted: Representation) -> None:
    assert negotiate(header) == wanted


@pytest.mark.parametrize(
    ("header", "begin"),
    [
        ("text/html", "406: Not Acceptable"),
        ("application/json;as=Foo;v=v1;g=meta.k8s.io", "only the following media types"),
        ("application/json;as=Table;v=v2;g=meta.k8s.io", "only the following media types"),
        ("application/json;as=Table;v=v1;g=other", "only the following media types"),
    ],
)
def test_unknown_representations_are_refused(header: str, begin: str) -> None:
    with pytest.raises(ApiError, match=begin) as caught:
        negotiate(header)
    assert caught.value.code == 406
