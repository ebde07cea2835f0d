"""Starts one container: crash back-off, image, configuration, creation, hook; each step may have to wait."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubesim.kubelet import (
    backoff,
    configuration,
    disks,
    environment,
    hooks,
    images,
    lifecycle,
    modes,
    mounts,
    probing,
    pulling,
    surroundings,
)
from kubesim.kubelet.plan import APP
from kubesim.kubelet.record import CRASH_LOOP, RUNNING, TERMINATED, Container, Past
from kubesim.kubelet.runtime import START_ERROR, Ended, Facts
from kubesim.kubelet.simruntime.program import Program
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

RETRY_MS = 12_000
"""How long a pod whose sync failed waits for the next. # k8s: backOffPeriod 10 s and half of it as jitter"""
SHOWN_MS = 2_000
"""How long ErrImagePull is shown before the back-off is."""
START_ERROR_CODE = 128
TOKEN_MARKS = ("token", "serviceaccount", "service-account", "inclusterclient")
"""What the command line of a program says that looks at the token of its pod."""
ENDLESS_MS = 10 * 365 * 24 * 3_600_000
"""How long a hook takes that never ends."""


def start(worker: "PodWorker", container: Container, now: int) -> None:
    """Go as far as possible towards running a container."""
    past = container.past
    if past is not None:
        due = backoff.due(container.back_off, past.ended.at_ms)
        if due > now:
            _back_off(worker, container, due)
            return
    if _has_image(worker, container, now):
        create(worker, container, now)


def _back_off(worker: "PodWorker", container: Container, due: int) -> None:
    # k8s: doBackOff. differs: one BackOff event for each wait
    name = container.plan.name
    pod = f"{worker.name}_{worker.namespace}({worker.uid})"
    wait = container.back_off.wait_ms if container.back_off is not None else 0
    worker.container_event(container, "Warning", "BackOff", f"Back-off restarting failed container {name} in pod {pod}")
    text = f"back-off {images.duration(wait)} restarting failed container={name} pod={pod}"
    container.wait(CRASH_LOOP, text, due)


# ---------------------------------------------------------------------- image
def _has_image(worker: "PodWorker", container: Container, now: int) -> bool:
    plan, store = container.plan, worker.agent.images
    reference = plan.reference
    if reference is None:
        worker.container_event(container, "Warning", "InspectFailed", plan.image_error)
        _refuse(worker, container, "InvalidImageName", plan.image_error, now)
        return False
    if worker.plan.pull_secrets:
        pulling.warn(worker)
    present = reference.full in store.present
    usable = present and pulling.may_use(worker, container)
    if plan.policy == "Never" and not usable:
        text = f'Container image "{plan.image}" is not present with pull policy of Never'
        if present:
            text = pulling.NEVER.format(image=plan.image)
        worker.container_event(container, "Warning", "ErrImageNeverPull", text)
        _refuse(worker, container, "ErrImageNeverPull", text, now)
        return False
    if usable and plan.policy != "Always":
        worker.container_event(container, "Normal", "Pulled", plan.present_text)
        return True
    entry = container.image_back_off
    if entry is not None and now < entry.at_ms + entry.wait_ms:
        text = f'Back-off pulling image "{plan.image}"'
        worker.container_event(container, "Normal", "BackOff", text)
        worker.container_event(container, "Warning", "Failed", "Error: ImagePullBackOff")
        container.wait("ImagePullBackOff", f"{text}: {container.pull_error}", entry.at_ms + entry.wait_ms)
        return False
    worker.container_event(container, "Normal", "Pulling", f'Pulling image "{plan.image}"')
    container.pull = store.pull(reference.full, _download(worker, container), now)
    return False


def _download(worker: "PodWorker", container: Container) -> int:
    # A registry that does not give the image says so after a few bytes.
    return 0 if _pull_error(worker, container) else container.plan.profile.size


def _pull_error(worker: "PodWorker", container: Container) -> str:
    refused = pulling.refusal(worker, container)
    missing, reference = container.plan.profile.missing, container.plan.reference
    if refused or missing is None or reference is None:
        return refused
    host, _, path = reference.repository.partition("/")
    return missing.error.format(image=reference.full, host=host, path=path, tag=reference.tag or reference.digest)


def pulled(worker: "PodWorker", container: Container, now: int) -> None:
    """A pull is over."""
    pull, plan = container.pull, container.plan
    container.pull = None
    if pull is None or plan.reference is None:
        return
    error = _pull_error(worker, container)
    if error:
        reason, text = pulling.verdict(plan.image, error)
        container.pull_error = f"{reason}: {text}"
        worker.container_event(container, "Warning", "Failed", f'Failed to pull image "{plan.image}": {error}')
        worker.container_event(container, "Warning", "Failed", f"Error: {reason}")
        container.image_back_off = backoff.following(container.image_back_off, now, now)
        container.wait(reason, text, now + SHOWN_MS)
        return
    container.image_back_off = None
    worker.agent.keep_image(plan.reference.full, pull.size)
    pulling.note(worker, container)
    worker.container_event(container, "Normal", "Pulled", pull.describe(plan.image))
    create(worker, container, now)


def _refuse(worker: "PodWorker", container: Container, reason: str, message: str, now: int) -> None:
    worker.container_event(container, "Warning", "Failed", f"Error: {reason}")
    container.wait(reason, message, now + RETRY_MS)


# ---------------------------------------------------------------------- creation
def create(worker: "PodWorker", container: Container, now: int) -> None:
    """Make and start a container whose image is there."""
    plan = container.plan
    if plan.needs:
        complaint = environment.check(plan.needs, worker.namespace, worker.agent.lookup)
        if complaint:
            worker.container_event(container, "Warning", "Failed", f"Error: {complaint}")
            container.wait("CreateContainerConfigError", complaint, now + RETRY_MS)
            worker.agent.shared.waiting.add(worker)
            return
    if plan.is_particular:
        complaint = configuration.complaint(worker, container)
        if complaint:
            worker.container_event(container, "Warning", "Failed", f"Error: {complaint}")
            container.wait("CreateContainerConfigError", complaint, now + RETRY_MS)
            return
    program, facts, files = program_of(worker, container)
    past = container.past
    if past is not None:
        container.restarts += 1
        container.back_off = backoff.following(container.back_off, past.ended.at_ms, now)
    container.container_id = worker.agent.shared.container_id()
    worker.container_event(container, "Normal", "Created", "Container created")
    if program.start_error:
        _failed_start(worker, container, program.start_error, now)
        return
    container.process = worker.agent.shared.runtime.start(program, now, facts, files)
    if program.timeline.loop is not None and program.timeline.loop.calls:
        worker.agent.shared.runtime.calls(worker.namespace, worker.name)
    container.state, container.reason, container.message, container.retry_at = RUNNING, "", "", 0
    container.stopping = False
    worker.initialized = worker.initialized or plan.kind == APP
    worker.container_event(container, "Normal", "Started", "Container started")
    container.touch()
    if (worker.namespace, worker.name) in worker.agent.shared.broken:
        container.process.kill(now)
        return
    if worker.plan.refreshes:
        worker.agent.shared.refreshing.add(worker)
    _hook(worker, container, now)


def program_of(worker: "PodWorker", container: Container) -> tuple[Program, Facts | None, Mapping[str, str] | None]:
    """What a container runs, and when that depends on them, where it runs and the files it finds."""
    plan = container.plan
    kinds = {probe.kind for probe in plan.probes} if plan.has_files else set()
    looks = "exec" in kinds or ("httpGet" in kinds and disks.serves_mounts(container))
    if plan.program is not None and not looks:
        return plan.program, None, None
    host, agent = surroundings.host(worker), worker.agent
    facts = surroundings.facts(worker, container)
    files = mounts.files(worker.pod, plan.tree, host, agent.lookup, _token(worker, container))
    if plan.program is not None:
        return plan.program, facts, disks.files(worker, container, files)
    files = disks.files(worker, container, {**surroundings.network_files(worker), **files})
    values = environment.resolve(worker.pod, plan.tree, host, agent.lookup, surroundings.services(worker)).values
    values |= modes.person_of(plan.user)
    asked = plan.asked._replace(
        command=tuple(environment.expand(word, values) for word in plan.asked.command),
        arguments=tuple(environment.expand(word, values) for word in plan.asked.arguments),
    )
    return agent.shared.runtime.program(plan.profile, asked, values, files, facts), facts, files


def _token(worker: "PodWorker", container: Container) -> mounts.Token:
    """Who makes the tokens that the program finds: real ones cost a signature, and few programs look at them."""
    tokens, asked = worker.agent.shared.tokens, container.plan.asked
    looks = any(mark in word for word in (*asked.command, *asked.arguments) for mark in TOKEN_MARKS)
    return tokens.content if looks and tokens is not None else mounts.no_token


def _failed_start(worker: "PodWorker", container: Container, error: str, now: int) -> None:
    worker.container_event(container, "Warning", "Failed", f"Error: {error}")
    container.past = Past(Ended(now, START_ERROR_CODE, START_ERROR, error), 0, container.container_id, None)
    container.state, container.process = TERMINATED, None
    container.retry_at = now + 1_000
    container.touch()
    _wait_again(worker, container, "RunContainerError", error)


def _wait_again(worker: "PodWorker", container: Container, reason: str, message: str) -> None:
    """A container that did not come up shows why, if it is started again. # k8s: kubelet reasonCache."""
    past = container.past
    if past is not None and lifecycle.restarts_after(worker.plan, container, past.ended):
        container.wait(reason, message, container.retry_at)


def _hook(worker: "PodWorker", container: Container, now: int) -> None:
    """Run postStart; the container is not looked at before it is over."""
    hook = container.plan.post_start
    container.start_at = 0
    if hook is not None and container.process is not None:
        millis, failure = run_hook(worker, container, hook, now)
        if failure:
            # k8s: what a hook says may be secret, and is not told in events
            worker.container_event(container, "Warning", "FailedPostStartHook", "PostStartHook failed")
            worker.container_event(container, "Normal", "Killing", "FailedPostStartHook")
            container.process.kill(now)
            worker.ended(container, now)
            _wait_again(worker, container, "PostStartHookError", hooks.told(worker, container, hook, failure))
            return
        if millis:
            container.start_at = now + millis
            return
    probing.begin(worker, container, now)


def run_hook(worker: "PodWorker", container: Container, hook: Tree, now: int) -> tuple[int, str]:
    """How many milliseconds a lifecycle hook takes, and its failure or ""."""
    if "sleep" in hook:
        return 1000 * int(hook["sleep"].get("seconds") or 0), ""
    process = container.process
    if "exec" in hook and process is not None:
        argv = tuple(hook["exec"].get("command") or ())
        outcome = hooks.execute(worker, container, process, argv)
        if outcome.code:
            return 0, f"command '{' '.join(argv)}' exited with {outcome.code}: {outcome.output}"
        return outcome.millis if outcome.millis >= 0 else ENDLESS_MS, ""
    if "httpGet" in hook or "tcpSocket" in hook:
        return 0, hooks.call(worker, container, hook)
    return 0, ""
