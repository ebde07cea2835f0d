"""Image references, pulls, and what happens when an image cannot be had."""

from itertools import pairwise

import pytest

from kubesim.kubelet import images
from kubesim.kubelet.images import ImageNameError, ImageStore
from kubesim.objects.wire import PODS


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("localhost:5000/a/b:x", "localhost:5000/a/b:x"),
        ("localhost/a", "localhost/a:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("a@sha256:" + "0" * 64, "docker.io/library/a@sha256:" + "0" * 64),
        ("a:v1@sha256:" + "0" * 64, "docker.io/library/a@sha256:" + "0" * 64),
    ],
)
def test_references(text, full):
    assert images.parse(text).full == full


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid reference format"),
        ("nginx:", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("nginx:t@g", "invalid reference format"),
        ("NGINX", "invalid reference format: repository name must be lowercase"),
    ],
)
def test_bad_references(text, why):
    with pytest.raises(ImageNameError) as caught:
        images.parse(text)
    assert str(caught.value) == f'couldn\'t parse image name "{text}": {why}'


@pytest.mark.parametrize(
    ("tag", "exists"),
    [("no-such", False), ("nosuchtag-2", False), ("doesnotexist", False), ("1.161", False), ("1.16.1", True),
     ("latest", True), ("new", True)],
)  # fmt: skip
def test_tags_that_do_not_exist(rig, tag, exists):
    rig.start(image=f"nginx:{tag}")
    rig.run(5)
    full = f"docker.io/library/nginx:{tag}"
    text = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {full}: not found'
    )
    assert (("Failed", f'Failed to pull image "nginx:{tag}": {text}') in rig.events()) is not exists
    assert (rig.status()["phase"] == "Running") is exists


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        ("RegistryUnavailable", "RegistryUnavailable", "image pull failed for a:1 because the registry is unavailable"),
        (
            "SignatureValidationFailed: no key",
            "SignatureValidationFailed",
            "image pull failed for a:1 because the signature validation failed: no key",
        ),
        ("it is full", "ErrImagePull", "it is full"),
    ],
)
def test_why_a_pull_failed(make_rig, error, reason, text):
    rig = make_rig(extra={"a": {"missing": error}})
    rig.start(image="a:1")
    rig.run(2)
    waiting = rig.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == (reason, text)
    assert ("Failed", f"Error: {reason}") in rig.events()
    rig.run(4)
    waiting = rig.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == (
        "ImagePullBackOff",
        f'Back-off pulling image "a:1": {reason}: {text}',
    )


def test_pulls_are_serialized():
    store = ImageStore(10 * 1024 * 1024, 500)
    one = store.pull("a", 20 * 1024 * 1024, 1000)
    two = store.pull("b", 10 * 1024 * 1024, 1200)
    assert (one.begins_ms, one.ends_ms) == (1000, 3500)
    assert (two.begins_ms, two.ends_ms) == (3500, 5000)
    assert (
        two.describe("b:1")
        == 'Successfully pulled image "b:1" in 1.5s (3.8s including waiting). Image size: 10485760 bytes.'
    )


def test_second_pod_finds_the_image(rig):
    rig.start("one")
    rig.run(5)
    rig.start("two")
    rig.run(5)
    assert rig.reasons("one") == ["Pulling", "Pulled", "Created", "Started"]
    assert rig.reasons("two") == ["Pulled", "Created", "Started"]
    rig.run(10)
    digest = images.parse("nginx:1.27").identifier
    assert rig.node()["status"]["images"] == [
        {"names": [digest, "docker.io/library/nginx:1.27"], "sizeBytes": 75497472}
    ]


def test_always_pulls_again(rig):
    rig.start("one", imagePullPolicy="Always")
    rig.run(5)
    rig.start("two", imagePullPolicy="Always")
    rig.run(5)
    assert rig.reasons("two") == ["Pulling", "Pulled", "Created", "Started"]


def test_image_that_is_not_there(rig):
    rig.start(image="nginx:doesnotexist")
    rig.run(1.2)
    error = (
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:doesnotexist": '
        'failed to resolve reference "docker.io/library/nginx:doesnotexist": '
        "docker.io/library/nginx:doesnotexist: not found"
    )
    assert rig.container()["state"]["waiting"] == {"reason": "ErrImagePull", "message": error}
    assert rig.container()["image"] == "nginx:doesnotexist"
    rig.run(3)
    assert rig.container()["state"]["waiting"] == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:doesnotexist": ErrImagePull: {error}',
    }
    assert rig.status()["phase"] == "Pending"
    assert rig.events() == [
        ("Pulling", 'Pulling image "nginx:doesnotexist"'),
        ("Failed", f'Failed to pull image "nginx:doesnotexist": {error}'),
        ("Failed", "Error: ErrImagePull"),
        ("BackOff", 'Back-off pulling image "nginx:doesnotexist"'),
        ("Failed", "Error: ImagePullBackOff"),
    ]


def test_image_back_off_doubles_to_five_minutes(rig):
    rig.start(image="nginx:doesnotexist")
    failures: list[int] = []
    for _ in range(1300):
        rig.run(1)
        worker = next(iter(rig.kubelets.agents["n1"].workers.values()))
        entry = worker.containers[0].image_back_off
        if entry is not None and entry.at_ms not in failures:
            failures.append(entry.at_ms)
    waits = [(later - earlier) // 1000 for earlier, later in pairwise(failures)]
    assert [wait - wait % 5 for wait in waits] == [10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(
    ("image", "policy", "reason", "event"),
    [
        ("Nginx!", "IfNotPresent", "InvalidImageName", ("Failed", "Error: InvalidImageName")),
        (
            "nginx:1",
            "Never",
            "ErrImageNeverPull",
            ("ErrImageNeverPull", 'Container image "nginx:1" is not present with pull policy of Never'),
        ),
    ],
    ids=["invalid", "never"],
)
def test_refused_images(rig, image, policy, reason, event):
    rig.start(image=image, imagePullPolicy=policy)
    rig.run(2)
    assert rig.container()["state"]["waiting"]["reason"] == reason
    assert event in rig.events()


def test_fixed_image_starts(rig):
    rig.start(image="nginx:doesnotexist")
    rig.run(3)
    pod = rig.get()
    spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "image": "nginx:1.27"}]}
    rig.admin.update(PODS, {**pod, "spec": spec})
    rig.run(20)
    assert rig.status()["phase"] == "Running"
