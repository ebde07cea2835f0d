"""Names of resources that come while the explorer runs."""

from kubesim.objects.wire import PODS, Gvr
from kubetui.client.port import Resource
from kubetui.model.catalogue import Catalogue

THINGS = Gvr("example.com", "v1", "things")


def test_what_is_not_known_is_asked_for_again():
    pods = Resource(PODS, "Pod", True, "pod", ("po",), (), ("get", "list"), ())
    served = [pods]
    catalogue = Catalogue(served, lambda: served)
    assert catalogue.find("th") is None
    served.append(Resource(THINGS, "Thing", True, "thing", ("th",), (), ("get", "list"), ()))
    assert catalogue.complete("th") == ["th", "things"]
    found = catalogue.find("th")
    assert found is not None
    assert (found.gvr, catalogue.of(THINGS), catalogue.of_kind("example.com/v1", "Thing")) == (THINGS, found, found)
    assert catalogue.find("nothing") is None


def test_without_a_source_nothing_is_asked():
    assert Catalogue([]).find("th") is None
