"""Local storage: large files, how much there is of them, and pods that write more than they may."""

import pickle

import pytest

from kubesim.kubelet.simruntime import bulk

NODE = {"kind": "Node", "name": "n1"}
BUSYBOX = "busybox:1.36"


def writes(line):
    return {"command": ["sh", "-c", f"{line}; sleep 3600"]}


def cache(limit=None):
    source = {"sizeLimit": limit} if limit else {}
    return {"volumes": [{"name": "cache", "emptyDir": source}]}


MOUNTS = [{"name": "cache", "mountPath": "/cache"}]


def evicted(rig):
    status = rig.status()
    return status["phase"], status.get("reason"), status.get("message")


def test_an_empty_dir_that_is_too_full(rig):
    rig.start(
        image=BUSYBOX, volumeMounts=MOUNTS, spec=cache("1Gi"), **writes("dd if=/dev/zero of=/cache/x bs=1M count=1100")
    )
    rig.run(20)
    text = 'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". '
    assert evicted(rig) == ("Failed", "Evicted", text)
    assert ("Evicted", text) in rig.events()
    assert not any(each["type"] == "DisruptionTarget" for each in rig.status()["conditions"])


def test_an_empty_dir_within_its_limit_stays(rig):
    rig.start(
        image=BUSYBOX, volumeMounts=MOUNTS, spec=cache("1Gi"), **writes("dd if=/dev/zero of=/cache/x bs=1M count=900")
    )
    rig.run(60)
    assert rig.status()["phase"] == "Running"


def test_what_is_removed_does_not_count(rig):
    line = "for i in 1 2 3; do dd if=/dev/zero of=/cache/x bs=1M count=900; rm /cache/x; done"
    rig.start(image=BUSYBOX, volumeMounts=MOUNTS, spec=cache("1Gi"), **writes(line))
    rig.run(60)
    assert rig.status()["phase"] == "Running"


def test_files_that_a_loop_adds_are_summed_up(rig):
    line = "i=0; while true; do fallocate -l 100M /cache/$i; i=$((i+1)); sleep 1; done"
    rig.start(image=BUSYBOX, volumeMounts=MOUNTS, spec=cache("1Gi"), command=["sh", "-c", line])
    rig.run(8)
    assert rig.status()["phase"] == "Running"
    rig.run(25)
    assert evicted(rig)[1] == "Evicted"


def limits(amount):
    return {"resources": {"limits": {"ephemeral-storage": amount}}}


def test_a_container_that_writes_too_much(rig):
    other = {"name": "d", "image": "nginx:1.27", **limits("2Gi")}
    body = rig.pod(image=BUSYBOX, **limits("500Mi"), **writes("fallocate -l 600M /tmp/x"))
    rig.create({**body, "spec": {**body["spec"], "containers": [*body["spec"]["containers"], other]}})
    rig.run(20)
    text = 'Container c exceeded its local ephemeral storage limit "500Mi". '
    assert evicted(rig) == ("Failed", "Evicted", text)


def test_a_pod_that_writes_too_much_in_all(rig):
    line = "fallocate -l 300M /cache/x; fallocate -l 300M /tmp/x"
    rig.start(image=BUSYBOX, volumeMounts=MOUNTS, spec=cache(), **limits("500Mi"), **writes(line))
    rig.run(20)
    text = "Pod ephemeral local storage usage exceeds the total limit of containers 500Mi. "
    assert evicted(rig) == ("Failed", "Evicted", text)


def test_what_somebody_writes_by_hand_counts(rig):
    rig.start(image=BUSYBOX, volumeMounts=MOUNTS, spec=cache("1Gi"), command=["sleep", "3600"])
    rig.run(10)
    found = rig.kubelets.execute("default", "web", "c", ("dd", "if=/dev/zero", "of=/cache/x", "bs=1M", "count=2000"))
    assert (found.code, found.errors) == (0, "2000+0 records in\n2000+0 records out\n")
    rig.run(15)
    assert evicted(rig)[2] == 'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". '


def test_a_program_that_fills_the_disk_makes_pressure(make_rig):
    rig = make_rig(ephemeral_storage="10Gi")
    rig.start(image=BUSYBOX, **writes("fallocate -l 9500M /tmp/x"))
    rig.start("other")
    rig.run(30)
    assert evicted(rig)[0] == "Failed"
    assert rig.status()["message"].startswith(
        "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: "
    )
    assert (
        "Container c was using 9728024Ki, request is 0, has larger consumption of ephemeral-storage. "
        in (rig.status()["message"])
    )
    assert rig.status("other")["phase"] == "Running"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dd if=/dev/zero of=/tmp/x bs=4k count=3; ls -l /tmp/x", " 12288 "),
        ("fallocate -l 10M /tmp/x; stat -c %s /tmp/x", "10485760\n"),
        ("truncate -s 1G /tmp/x; du -h /tmp/x", "1.0G\t/tmp/x\n"),
        ("fallocate -l 3M /tmp/x; cp /tmp/x /tmp/y; du -m /tmp", "6\t/tmp\n"),
        ("fallocate -l 2k /tmp/x; wc -c /tmp/x", "2048 /tmp/x\n"),
        ("fallocate -l 2k /tmp/x; [ -s /tmp/x ] && echo full", "full\n"),
        ("echo hello > /tmp/a; dd if=/tmp/a of=/tmp/b bs=2; stat -c %s /tmp/b", "6\n"),
        ("dd if=/tmp/none of=/tmp/b", "dd: can't open '/tmp/none': No such file or directory\n"),
        ("dd if=/dev/zero bs=lots of=/tmp/b", "dd: invalid number 'lots'\n"),
        ("fallocate /tmp/x", "fallocate: invalid size, or no file\n"),
        ("du /nowhere", "du: /nowhere: No such file or directory\n"),
    ],
)
def test_commands_for_large_files(rig, line, expected):
    rig.start(image=BUSYBOX, command=["sleep", "3600"])
    rig.run(10)
    assert expected in rig.kubelets.execute("default", "web", "c", ("sh", "-c", line)).output


def test_large_files_survive_being_saved():
    kept = pickle.loads(pickle.dumps(bulk.Bulk.of(5)))
    assert (kept, bulk.size_of(kept), bulk.size_of("äb")) == ("", 5, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10", 10), ("1k", 1024), ("1KB", 1024), ("2M", 2 * 1024**2), ("3b", 1536), ("x", None), ("1.5M", None)],
)
def test_amounts(text, expected):
    assert bulk.amount(text) == expected
