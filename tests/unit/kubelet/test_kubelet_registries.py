"""Registries that ask for a login, the pull secrets that open them, and who may use what is there already."""

import base64
import json

import pytest

from kubesim.kubelet import images, registries
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.entry import CatalogueError
from kubesim.kubelet.registries import Login
from kubesim.objects.wire import SECRETS
from kubesim.scenario.description import parse
from kubesim.scenario.documents import ManifestError

PRIVATE = "registry.corp.example"
IMAGE = f"{PRIVATE}/shop/web:1.2"
ROBOT = {"username": "robot", "password": "s3cret"}
DENIED = (
    f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": pull access denied, repository '
    "does not exist or may require authorization: authorization failed: no basic auth credentials"
)
UNAUTHORIZED = (
    f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": unexpected status from HEAD '
    f"request to https://{PRIVATE}/v2/shop/web/manifests/1.2: 401 Unauthorized"
)


def encoded(tree):
    return base64.b64encode(json.dumps(tree).encode()).decode()


def secret(name="regcred", server=PRIVATE, password="s3cret", old=False, entry=None):
    auths = {server: entry or {"username": "robot", "password": password}}
    kind = "dockercfg" if old else "dockerconfigjson"
    data = {f".{kind}": encoded(auths if old else {"auths": auths})}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": f"kubernetes.io/{kind}", "data": data}


@pytest.fixture
def corp(make_rig):
    rig = make_rig()
    shared = rig.kubelets._shared
    shared.catalogue.registries = registries.parse({PRIVATE: ROBOT})
    return rig


def pulls(*names):
    return {"spec": {"imagePullSecrets": [{"name": name} for name in names]}}


# ---------------------------------------------------------------------- on a node
def test_without_a_login(corp):
    corp.start(image=IMAGE)
    corp.run(2)
    waiting = corp.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == ("ErrImagePull", DENIED)
    assert ("Failed", f'Failed to pull image "{IMAGE}": {DENIED}') in corp.events()
    corp.run(5)
    waiting = corp.container()["state"]["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"] == f'Back-off pulling image "{IMAGE}": ErrImagePull: {DENIED}'


def test_with_the_right_one(corp):
    corp.create(secret(), SECRETS)
    corp.start(image=IMAGE, **pulls("regcred"))
    corp.run(10)
    assert corp.status()["phase"] == "Running"
    assert "FailedToRetrieveImagePullSecret" not in corp.reasons()


def test_with_a_wrong_password(corp):
    corp.create(secret(password="guess"), SECRETS)
    corp.start(image=IMAGE, **pulls("regcred"))
    corp.run(2)
    assert corp.container()["state"]["waiting"]["message"] == UNAUTHORIZED
    assert "guess" not in str(corp.events())


def test_with_a_secret_that_is_not_there(corp):
    corp.start(image=IMAGE, **pulls("regcred", "other"))
    corp.run(2)
    text = "Unable to retrieve some image pull secrets (regcred, other); attempting to pull the image may not succeed."
    assert ("FailedToRetrieveImagePullSecret", text) in corp.events()
    assert corp.container()["state"]["waiting"]["message"] == DENIED


def test_the_secret_that_comes_later_helps(corp):
    corp.start(image=IMAGE, **pulls("regcred"))
    corp.run(10)
    corp.create(secret(), SECRETS)
    corp.run(1)
    message = f'Back-off pulling image "{IMAGE}": ErrImagePull: {DENIED}'
    assert corp.container()["state"]["waiting"]["message"] == message
    corp.run(40)
    assert corp.status()["phase"] == "Running"


def test_an_open_registry_needs_no_login_even_with_secrets_missing(corp):
    corp.start(**pulls("regcred"))
    corp.run(10)
    assert corp.status()["phase"] == "Running"
    assert "FailedToRetrieveImagePullSecret" in corp.reasons()


@pytest.mark.parametrize(
    ("policy", "secrets", "reason"),
    [
        ("IfNotPresent", ("regcred",), None),
        ("IfNotPresent", (), "ErrImagePull"),
        ("Never", ("regcred",), None),
        ("Never", (), "ErrImageNeverPull"),
        ("Always", (), "ErrImagePull"),
    ],
)
def test_an_image_that_another_pod_has_pulled_with_a_login(corp, policy, secrets, reason):
    corp.create(secret(), SECRETS)
    corp.start("first", image=IMAGE, **pulls("regcred"))
    corp.run(10)
    corp.start("second", image=IMAGE, imagePullPolicy=policy, **pulls(*secrets))
    corp.run(2)
    if reason is None:
        present = f'Container image "{IMAGE}" already present on machine and can be accessed by the pod'
        assert corp.status("second")["phase"] == "Running"
        assert ("Pulled", present) in corp.events("second")
    else:
        assert corp.container("second")["state"]["waiting"]["reason"] == reason


def test_an_image_that_was_there_from_the_beginning_is_everybodys(make_rig):
    rig = make_rig(images=(IMAGE,))
    rig.kubelets._shared.catalogue.registries = registries.parse({PRIVATE: ROBOT})
    rig.start(image=IMAGE)
    rig.run(5)
    assert rig.status()["phase"] == "Running"


# ---------------------------------------------------------------------- pure
@pytest.mark.parametrize(
    ("server", "image", "found"),
    [
        (PRIVATE, IMAGE, True),
        (f"https://{PRIVATE}/v1/", IMAGE, True),
        (f"{PRIVATE}/shop", IMAGE, True),
        (f"{PRIVATE}/bank", IMAGE, False),
        ("*.corp.example", IMAGE, True),
        ("*.example", IMAGE, False),
        ("https://index.docker.io/v1/", "me/app:1", True),
        ("docker.io", "nginx", True),
        ("localhost:5000", "localhost:5000/app:1", True),
        ("localhost:5001", "localhost:5000/app:1", False),
    ],
)
def test_which_images_a_secret_is_meant_for(server, image, found):
    held = registries.keyring([secret(server=server)], images.parse(image))
    assert held == ([Login("robot", "s3cret")] if found else [])


@pytest.mark.parametrize(
    "held",
    [
        secret(old=True),
        secret(entry={"auth": base64.b64encode(b"robot:s3cret").decode()}),
    ],
    ids=["dockercfg", "auth alone"],
)
def test_other_forms_of_a_secret(held):
    assert registries.keyring([held], images.parse(IMAGE)) == [Login("robot", "s3cret")]


@pytest.mark.parametrize(
    "data", [{}, {".dockerconfigjson": "!"}, {".dockerconfigjson": encoded([])}, {".dockerconfigjson": encoded({})}]
)
def test_a_secret_that_cannot_be_read_is_as_good_as_none(data):
    assert registries.keyring([{**secret(), "data": data}], images.parse(IMAGE)) == []


def test_the_closest_place_counts():
    known = registries.parse({PRIVATE: ROBOT, f"{PRIVATE}/shop": [{"username": "a", "password": "b"}]})
    assert known.logins(images.parse(IMAGE)) == (Login("a", "b"),)
    assert known.logins(images.parse(f"{PRIVATE}/bank:1")) == (Login("robot", "s3cret"),)
    assert known.logins(images.parse(f"{PRIVATE}.evil/bank:1")) == ()


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"r.example": "robot"}, "registries.r.example: expected a mapping, not 'robot'"),
        ({"r.example": []}, "registries.r.example: expected at least one login"),
        ({"r.example": {"username": "robot"}}, "registries.r.example.password: expected a text"),
        ({"r.example": {**ROBOT, "email": "x"}}, "registries.r.example.email: unknown field; known are password, "),
        ({"r.example": {"username": "robot", "password": 1234}}, "registries.r.example.password: expected a text"),
    ],
)
def test_what_is_wrong_is_named_without_the_password(tree, text):
    with pytest.raises(CatalogueError) as caught:
        registries.parse(tree)
    assert str(caught.value).startswith(text)
    assert "1234" not in str(caught.value)
    assert "s3cret" not in repr(Catalogue.load(private={PRIVATE: ROBOT}).registries.logins(images.parse(IMAGE)))


# ---------------------------------------------------------------------- cluster.yaml
def test_nodes_and_registries_in_a_description(tmp_path):
    tree = {
        "registries": {PRIVATE: ROBOT},
        "nodes": [{"storage": "20Gi", "bandwidth": "1Mi", "images": ["a:1"], "kubelet": {"shutdownGracePeriod": "5s"}}],
    }
    found = parse(tree, tmp_path / "cluster.yaml")
    (node,) = found.nodes
    assert (node.ephemeral_storage, node.bandwidth, node.images) == ("20Gi", "1Mi", ("a:1",))
    assert node.kubelet.shutdown[0] == (0, 5)
    assert found.registries == {PRIVATE: ROBOT}


def test_a_wrong_kubelet_names_file_and_field(tmp_path):
    tree = {"nodes": [{}, {"kubelet": {"evictionHard": {"memory.available": "lots"}}}]}
    with pytest.raises(ManifestError) as caught:
        parse(tree, tmp_path / "cluster.yaml")
    assert "cluster.yaml: nodes[1].kubelet.evictionHard.memory.available: " in str(caught.value)
