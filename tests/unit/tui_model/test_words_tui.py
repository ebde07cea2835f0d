"""Names, commands, places, times: the small languages of the explorer."""

import pytest

from kubesim.objects.wire import DEPLOYMENTS, NAMESPACES, NODES, PODS, SERVICES, Gvr, Key
from kubetui.client.port import Resource
from kubetui.model import clock, commands, places, references, timebar
from kubetui.model.catalogue import Catalogue
from kubetui.model.glyphs import ASCII, UNICODE, bar, choose, plain
from kubetui.model.places import HOME, History, Place, Scope

HPA1 = Gvr("autoscaling", "v1", "horizontalpodautoscalers")
HPA2 = Gvr("autoscaling", "v2", "horizontalpodautoscalers")
KNATIVE = Gvr("serving.knative.dev", "v1", "services")

CATALOGUE = Catalogue([
    Resource(KNATIVE, "Service", namespaced=True, short_names=("ksvc",)),
    Resource(PODS, "Pod", namespaced=True, singular="pod", short_names=("po",)),
    Resource(SERVICES, "Service", namespaced=True, singular="service", short_names=("svc",)),
    Resource(DEPLOYMENTS, "Deployment", namespaced=True, singular="deployment", short_names=("deploy",)),
    Resource(NODES, "Node", namespaced=False, singular="node", short_names=("no",)),
    Resource(NAMESPACES, "Namespace", namespaced=False, short_names=("ns",)),
    Resource(HPA1, "HorizontalPodAutoscaler", namespaced=True, short_names=("hpa",)),
    Resource(HPA2, "HorizontalPodAutoscaler", namespaced=True, short_names=("hpa",)),
])  # fmt: skip
ACTIONS = frozenset({"q", "pause", "speed", "ns", "home"})


# ---------------------------------------------------------------------- names and commands
@pytest.mark.parametrize(
    ("name", "gvr"),
    [
        ("po", PODS),
        ("pod", PODS),
        ("Pods", PODS),
        ("deploy", DEPLOYMENTS),
        ("deployments.apps", DEPLOYMENTS),
        ("svc", SERVICES),
        ("services", SERVICES),
        ("services.serving.knative.dev", KNATIVE),
        ("ksvc", KNATIVE),
        ("hpa", HPA2),
        ("horizontalpodautoscalers.v1.autoscaling", HPA1),
    ],
)
def test_resources_are_found_by_any_name(name, gvr):
    assert CATALOGUE.find(name).gvr == gvr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (":po", commands.Browse(PODS)),
        ("po shop", commands.Browse(PODS, "shop")),
        ("po all", commands.Browse(PODS, "")),
        ("po shop /web|api", commands.Browse(PODS, "shop", "web|api")),
        ("po /-l app=web", commands.Browse(PODS, None, "-l app=web")),
        ("po app=web tier=front", commands.Browse(PODS, None, "-l app=web,tier=front")),
        ("no", commands.Browse(NODES)),
        ("ns", commands.Browse(NAMESPACES)),
        ("ns shop", commands.Act("ns", "shop")),
        ("speed 60", commands.Act("speed", "60")),
        ("quit", commands.Act("q")),
        ("pulse", commands.Act("home")),
    ],
)
def test_command(text, wanted):
    assert commands.parse(text, CATALOGUE, ACTIONS) == wanted


def test_an_unknown_command_comes_with_what_is_near():
    found = commands.parse("dep", CATALOGUE, ACTIONS)
    assert isinstance(found, commands.Unknown)
    assert "deploy" in found.suggestions


# ---------------------------------------------------------------------- places
def pod(name, node="n1", owner="", labels=None):
    owners = [{"uid": owner}] if owner else []
    metadata = {"name": name, "namespace": "default", "ownerReferences": owners, "labels": labels or {}, "uid": "u"}
    return {"metadata": metadata, "spec": {"nodeName": node}}


@pytest.mark.parametrize(
    ("scope", "matches"),
    [
        (Scope("node", "n1", "n1"), True),
        (Scope("node", "n2", "n2"), False),
        (Scope("owner", "o1", "web"), True),
        (Scope("owner", "o2", "web"), False),
        (Scope("selector", "app=web", "web"), True),
        (Scope("selector", "app in (api)", "web"), False),
        (Scope("name", "web-1", "web-1"), True),
        (Scope("name", "web-1", "web-1", "shop"), False),
    ],
)
def test_scope(scope, matches):
    found = scope.matches(Key(PODS, "default", "web-1"), pod("web-1", owner="o1", labels={"app": "web"}))
    assert found is matches


def test_enter_on_each_kind():
    node = {"metadata": {"name": "n1"}}
    assert places.children(NODES, node) == Place(PODS, "", "", Scope("node", "n1", "n1"))
    deployment = {"metadata": {"name": "web", "namespace": "d"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}}
    assert places.children(DEPLOYMENTS, deployment).scope == Scope("selector", "app=web", "web", "d")
    service = {"metadata": {"name": "web", "namespace": "d"}, "spec": {}}
    assert places.children(SERVICES, service) is None
    assert places.children(NAMESPACES, {"metadata": {"name": "shop"}}) == Place(PODS, "shop")
    inside = places.children(PODS, pod("web-1"))
    assert (inside.gvr, inside.scope) == (places.CONTAINERS, Scope("pod", "web-1", "web-1", "default"))


def test_custom_resources_are_what_their_definition_leads_to():
    definition = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
    names = {"plural": "widgets"}
    versions = [{"name": "v1", "served": True}, {"name": "v2", "served": True, "storage": True}]
    tree = {"metadata": {"name": "widgets.x.io"}, "spec": {"group": "x.io", "names": names, "versions": versions}}
    assert places.children(definition, tree) == Place(Gvr("x.io", "v2", "widgets"))


def test_history_goes_down_up_back_and_forward():
    history = History()
    deployments, below = Place(DEPLOYMENTS), Place(PODS, "d", "", Scope("owner", "u", "web"))
    history.visit(deployments)
    history.visit(below, drill=True)
    assert [place.crumb for place in history.trail] == ["home", "deployments", "pods:web"]
    assert history.up() == deployments
    assert history.up() == HOME
    assert history.up() is None
    assert history.browser == deployments
    assert history.move(-1) == deployments
    assert history.move(-1) == below
    assert history.move(1) == deployments
    assert history.move(9) is None


def test_references_lead_to_keys():
    event = {"involvedObject": {"kind": "Deployment", "apiVersion": "apps/v1", "namespace": "d", "name": "web"}}
    assert references.about(event) == Key(DEPLOYMENTS, "d", "web")
    assert references.key_of({"kind": "Node", "name": "n1", "apiVersion": "v1"}, "d") == Key(NODES, "", "n1")
    assert references.about({"involvedObject": {"kind": "Widget", "name": "w"}}) is None


# ---------------------------------------------------------------------- times and signs
@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "00:00:00.000"), (883_120, "00:14:43.120"), (90_061_001, "1d 01:01:01.001"), (-5, "00:00:00.000")],
)
def test_elapsed(ms, text):
    assert clock.elapsed(ms) == text


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("1h30m", 5_400_000), ("1.5m", 90_000), ("250ms", 250), ("7", 7000)]
)
def test_span(text, ms):
    assert clock.parse_span(text) == ms


@pytest.mark.parametrize("text", ["", "x", "10m5", "5 apples", "-3s"])
def test_a_bad_span_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        clock.parse_span(text)


@pytest.mark.parametrize(("text", "speed"), [("60", 60), ("x0.1", 0.1), ("max", float("inf"))])
def test_speed(text, speed):
    assert clock.parse_speed(text) == speed
    assert clock.parse_speed(clock.speed_text(speed)) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan"])
def test_a_bad_speed_is_refused(text):
    with pytest.raises(ValueError, match=r"speed|float"):
        clock.parse_speed(text)


@pytest.mark.parametrize(
    ("environment", "glyphs"),
    [
        ({"LANG": "en_US.UTF-8"}, UNICODE),
        ({"LANG": "C"}, ASCII),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, ASCII),
        ({"LANG": "en_US.UTF-8", "KUBETUI_ASCII": "1"}, ASCII),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, ASCII),
        ({}, UNICODE),
    ],
)
def test_the_locale_chooses_the_signs(environment, glyphs):
    assert choose(environment) is glyphs


def test_ascii_signs_are_ascii_and_every_sign_is_one_column_wide():
    assert all(sign.isascii() and len(sign) == 1 for sign in ASCII)
    assert all(len(sign) == 1 for sign in UNICODE)
    assert plain("80→8080 ├─┤", ASCII) == "80>8080 |-|"


@pytest.mark.parametrize(("fraction", "full"), [(0, 0), (0.001, 1), (0.5, 4), (1, 8), (1.7, 8)])
def test_bar(fraction, full):
    found = bar(fraction, 8, UNICODE)
    assert (len(found[0]), len(found[1])) == (full, 8 - full)


def test_time_bar_shows_what_happened_where():
    moments = [timebar.Moment(0, "o"), timebar.Moment(500, "!"), timebar.Moment(500, "o")]
    text = "".join(run for run, _ in timebar.draw(21, 0, 1000, moments, UNICODE))
    assert text == "├o────────!────────●┤"
    assert timebar.draw(5, 0, 1000, moments, UNICODE) == []
