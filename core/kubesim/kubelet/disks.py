"""What containers write: the layer of one run, which goes with it, and volumes, which live as long as they should."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet import cgroups, hostfiles, modes, standing, sysctls
from kubesim.kubelet.runtime import LIMIT_OF_FILES, Change
from kubesim.kubelet.simruntime.attributes import MARK
from kubesim.kubelet.simruntime.bulk import Bulk, size_of
from kubesim.kubelet.simruntime.timeline import OUT, REMOVE, WRITE, last_events
from kubesim.objects.wire import CLAIMS, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.simruntime.process import SimProcess
    from kubesim.kubelet.worker import PodWorker

WRITABLE = ("emptyDir", "persistentVolumeClaim", "hostPath", "ephemeral")
ROUNDS = 500
"""So many rounds of an endless loop are looked at for what they have written."""

OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"


class Place(NamedTuple):
    """A mount that can be written: where it is, the disk behind it, and the folder of the disk that is shown."""

    path: str
    disk: str
    below: str

    def inside(self, path: str) -> str | None:
        """The name on the disk of a file in the container, None when it is not below this mount."""
        if path.startswith(MARK):
            # What is kept about a file is kept beside it.
            name = self.below.rstrip("/") if path[1:] == self.path else self.inside(path[1:])
            return None if name is None else MARK + name
        if not path.startswith(f"{self.path}/"):
            return None
        return self.below + path[len(self.path) + 1 :]

    def outside(self, name: str) -> str | None:
        """The path in the container of a file on the disk, None when it is not shown."""
        if name.startswith(MARK):
            shown = self.path if name[1:] == self.below.rstrip("/") else self.outside(name[1:])
            return None if shown is None else MARK + shown
        return f"{self.path}/{name[len(self.below) :]}" if name.startswith(self.below) else None


class Disks:
    """The contents of all volumes of a cluster that somebody wrote to: text by path, by the name of the disk."""

    def __init__(self) -> None:
        self._disks: dict[str, dict[str, str | None]] = {}
        self._moments: dict[str, dict[str, int]] = {}

    def read(self, disk: str) -> Mapping[str, str | None]:
        """What was written; None for what was removed."""
        return self._disks.get(disk, {})

    def is_newer(self, disk: str, path: str, moment: int) -> bool:
        """Whether nobody has written that file at this time or later."""
        held = self._disks.get(disk)
        return held is None or path not in held or moment > self._moments[disk][path]

    def write(self, disk: str, path: str, text: str | None, moment: int) -> None:
        """Keep a file, or forget it (None), as it is from then on; a disk that is full keeps nothing more."""
        held = self._disks.setdefault(disk, {})
        if path in held or len(held) < LIMIT_OF_FILES:
            held[path] = text
            self._moments.setdefault(disk, {})[path] = moment

    def drop_pod(self, uid: str) -> None:
        """A pod is gone, and what it wrote to its own volumes with it."""
        if self._disks:
            start = f"pod/{uid}/"
            for name in [name for name in self._disks if name.startswith(start)]:
                del self._disks[name]
                self._moments.pop(name, None)


def writable(volumes: Iterable[Tree]) -> bool:
    """Whether any of these volumes can be written."""
    return any(kind in volume for volume in volumes for kind in WRITABLE)


def places(worker: "PodWorker", container: Tree) -> tuple[Place, ...]:
    """The mounts of a container that can be written, the deepest first."""
    if not worker.plan.writes:
        return ()
    volumes = {volume["name"]: volume for volume in worker.pod["spec"].get("volumes") or ()}
    found: list[Place] = []
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        disk = _disk(worker, volume) if volume is not None else ""
        if disk:
            below = str(mount.get("subPath") or "").strip("/")
            found.append(Place(mount["mountPath"].rstrip("/"), disk, f"{below}/" if below else ""))
    return tuple(sorted(found, key=_depth))


def _depth(place: Place) -> int:
    return -len(place.path)


def _disk(worker: "PodWorker", volume: Tree) -> str:
    if "emptyDir" in volume:
        return f"pod/{worker.uid}/{volume['name']}"
    if "hostPath" in volume:
        return f"host/{worker.agent.name}{volume['hostPath'].get('path', '')}"
    if "ephemeral" in volume:
        claim = f"{worker.name}-{volume['name']}"
    elif "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"].get("claimName", "")
    else:
        return ""
    tree = worker.agent.lookup(CLAIMS, worker.namespace, claim)
    name = tree["spec"].get("volumeName") if tree is not None else ""
    return f"volume/{name}" if name else f"claim/{worker.namespace}/{claim}"


def files(worker: "PodWorker", container: "Container", mounted: Mapping[str, str]) -> dict[str, str]:
    """All files that a container sees beside those of its own run: of its image, mounted ones, and of its volumes."""
    covers = tuple(f"{mount['mountPath'].rstrip('/')}/" for mount in container.plan.tree.get("volumeMounts") or ())
    image = container.plan.profile.files
    found = {path: text for path, text in image.items() if not path.startswith(covers)} | dict.fromkeys(covers, "")
    found |= {"/etc/hostname": f"{worker.name}\n", "/etc/os-release": OS_RELEASE, "/etc/passwd": PASSWD}
    memory = worker.agent.capacity_of("memory")
    found |= cgroups.files(container.plan.tree, worker.plan.qos, memory)
    found["/proc/self/status"] = standing.text(container.plan.user)
    found |= sysctls.files(worker.plan.sysctls, worker.name)
    found |= mounted
    found |= modes.of_container(worker.pod, container.plan.tree, mounted)
    if worker.plan.writes:
        own = hostfiles.shown(worker, container.plan.tree)
        for mount in own:
            found.pop(f"{mount}/", None)
        found |= own
    for place in reversed(places(worker, container.plan.tree)):
        for name, text in _content(worker, place.disk).items():
            shown = place.outside(name)
            if shown is not None and text is not None:
                found[shown] = text
    return found


def serves_mounts(container: "Container") -> bool:
    """Whether the folder that a server serves has something mounted on it, above it or below it."""
    process = container.process
    profile = process.program.profile if process is not None else container.plan.profile
    root = profile.root
    if not root and profile.name == "agnhost":
        # Its webhook servers read their certificates.
        root = "/"
    if not root or not container.plan.has_files:
        return False
    if root == "/":
        return True
    tops = [mount["mountPath"].rstrip("/") for mount in container.plan.tree.get("volumeMounts") or ()]
    return any(f"{root}/".startswith(f"{top}/") or top.startswith(f"{root}/") for top in tops)


def _content(worker: "PodWorker", disk: str) -> dict[str, str | None]:
    """What is on a disk: what the programs of this pod have written by now, and what was written by hand."""
    # differs: what a program of another pod writes to a shared volume is seen when that program has ended.
    found: dict[str, str | None] = {}
    for other in worker.containers:
        process = other.process or (other.past.process if other.past is not None else None)
        if process is not None and _writes(process):
            found |= {name: text for name, (text, _) in _written(worker, other, process, disk).items()}
    return {**worker.agent.shared.disks.read(disk), **found}


def _writes(process: "SimProcess") -> bool:
    timeline = process.program.timeline
    return bool(timeline.events) or timeline.loop is not None


def _written(
    worker: "PodWorker", container: "Container", process: "SimProcess", disk: str
) -> dict[str, tuple[str, int]]:
    """What a program has written to a disk by now and when, but for files that somebody has changed since."""
    found: dict[str, tuple[str, int]] = {}
    disks = worker.agent.shared.disks
    now = worker.agent.loop.now
    until = now if process.ends is None else min(now, process.ends.at_ms)
    for place in places(worker, container.plan.tree):
        if place.disk != disk:
            continue
        for event in last_events(process.program.timeline, until - process.started_ms, 2):
            name = place.inside(event.name) if event.kind == WRITE else None
            moment = process.started_ms + event.at_ms
            if name is not None and disks.is_newer(disk, name, moment):
                found[name] = event.text, moment
    return found


def keep(worker: "PodWorker", container: "Container") -> None:
    """A run is over: what its program wrote to volumes stays there."""
    process = container.process
    if process is None or not worker.plan.writes or not _writes(process):
        return
    disks = worker.agent.shared.disks
    for place in places(worker, container.plan.tree):
        for name, (text, moment) in _written(worker, container, process, place.disk).items():
            disks.write(place.disk, name, text, moment)


def change(worker: "PodWorker", container: "Container", changes: Iterable[Change]) -> bool:
    """Carry out what a command did to the files of a container; whether there was anything to do."""
    process = container.process
    if process is None:
        return False
    found, mounts = False, places(worker, container.plan.tree)
    for path, text in changes:
        found = True
        if isinstance(text, Bulk):
            worker.agent.eviction.burdened = True
        for place in mounts:
            name = place.inside(path)
            if name is not None:
                worker.agent.shared.disks.write(place.disk, name, text, worker.agent.loop.now)
                break
        else:
            process.put(path, text)
    return found


# ---------------------------------------------------------------------- how much
def layer_size(worker: "PodWorker", container: "Container") -> int:
    """The bytes that the program of a container has written to its own layer."""
    process = container.process
    if process is None or not _writes(process):
        return 0
    mounts = places(worker, container.plan.tree)
    written = _sizes(worker, process)
    return sum(size for path, size in written.items() if not any(place.inside(path) for place in mounts))


def volume_size(worker: "PodWorker", volume: Tree) -> int:
    """The bytes that are on a volume of a pod."""
    disk = _disk(worker, volume)
    found: dict[str, int] = {}
    for other in worker.containers:
        process = other.process or (other.past.process if other.past is not None else None)
        if process is None or not _writes(process):
            continue
        written = _sizes(worker, process)
        for place in places(worker, other.plan.tree):
            if place.disk == disk:
                named = ((place.inside(path), size) for path, size in written.items())
                found |= {name: size for name, size in named if name is not None}
    held = worker.agent.shared.disks.read(disk)
    found |= {path: 0 if text is None else size_of(text) for path, text in held.items() if not path.startswith(MARK)}
    return sum(found.values())


def _sizes(worker: "PodWorker", process: "SimProcess") -> dict[str, int]:
    """The bytes of each file that a program has written by now."""
    now = worker.agent.loop.now
    until = now if process.ends is None else min(now, process.ends.at_ms)
    found: dict[str, int] = {}
    for event in last_events(process.program.timeline, until - process.started_ms, ROUNDS):
        if event.kind != OUT and not event.name.startswith(MARK):
            found[event.name] = 0 if event.kind == REMOVE else size_of(event.text)
    return found
