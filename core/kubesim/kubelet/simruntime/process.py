"""One run of a program: its end, the outcomes of probes, its logs and what it uses, all computed when asked for."""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubesim.kubelet import runtime
from kubesim.kubelet.runtime import LIMIT_OF_FILES, Ended, Facts, LogLine, Outcome, Piece
from kubesim.kubelet.simruntime import pages, sh, shell, templates
from kubesim.kubelet.simruntime.agnhost import roles
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.program import SHELLS, Program, renewed, resumed
from kubesim.kubelet.simruntime.timeline import OUT, WRITE, Event, Timeline, dated, files_at, last_events
from kubesim.objects.connections import CONNECTED, NOERROR, REFUSED, Answer, Attempt, Lookup, Record, World
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.simruntime.conversation import Conversation

REQUEST_LINES = 1_000
"""How many lines about requests are kept."""
RATE_WINDOW_MS = 15_000
_NO_REQUESTS = (0, 0, 0)
NO_BURDEN = (0, 0)

PROGRAMS = frozenset(
    {
        "apachectl", "cqlsh", "curl", "etcdctl", "gunicorn", "java", "jq", "jstack", "kafka-topics.sh", "kubectl", "mc",
        "mongo", "mongosh", "mysql", "mysqladmin", "mysqldump", "nats", "nginx", "node", "npm", "openssl", "perl",
        "pg_dump", "php", "pip", "psql", "python", "python3", "rabbitmq-diagnostics", "rabbitmqctl", "redis-cli",
        "ruby", "supervisorctl", "vault",
    }
)  # fmt: skip
"""Programs that a person may run in an image; nothing is known of them but that they are there."""


class SimProcess:
    """A started program."""

    __slots__ = (
        "_lines", "_rate", "asks_at", "burden", "conversation", "data", "ends", "facts", "files", "layer", "program",
        "requests", "started_ms", "stopped_ms",
    )  # fmt: skip

    def __init__(self, program: Program, started_ms: int, facts: Facts | None, files: Mapping[str, str] | None) -> None:
        self.program = program
        self.started_ms = started_ms
        self.facts = facts
        """Set when the program itself depends on them; else asked for when needed."""
        self.files = files
        self.ends = program.describe_end(started_ms) if program.ends_ms is not None else None
        self.asks_at = 0
        """When it looks again for those it waits for; 0 when it waits for nobody."""
        if program.timeline.waits_for:
            self._plan_to_ask(started_ms)
        self.stopped_ms: int | None = None
        """When it was sent TERM."""
        self.requests = 0
        self.layer: dict[str, str | None] | None = None
        """Files that were written or removed (None) by commands beside it; made with the first."""
        self.conversation: Conversation | None = None
        """Made when somebody attaches to it first."""
        self.data: Any = None
        """What a store holds; made by its first connection."""
        self._lines: deque[LogLine] | None = None
        self._rate = _NO_REQUESTS
        self.burden = NO_BURDEN
        """What simulated traffic uses: milli-cores and bytes."""

    # ------------------------------------------------------------------ end
    def terminate(self, now: int, grace_ms: int) -> Ended:
        """How it ends when it is sent TERM now and KILL after the grace."""
        profile, timeline = self.program.profile, self.program.timeline
        self.stopped_ms = now
        after, code = -1, 0
        if timeline.trap is not None:
            after, code = timeline.trap_ms, timeline.trap_code
        elif self.is_serving(now) or (timeline.serves_ms is not None and not timeline.end_ms):
            after, code = profile.term_ms, profile.term_code
        if 0 <= after <= grace_ms:
            ended = Ended(now + after, code, runtime.COMPLETED if not code else runtime.ERROR)
        else:
            ended = Ended(now + grace_ms, runtime.KILLED, runtime.ERROR)
        if self.ends is None or self.ends.at_ms > ended.at_ms:
            self.ends = ended
        return self.ends

    def kill(self, now: int) -> Ended:
        """KILL: it is gone at once."""
        if self.ends is None or self.ends.at_ms > now:
            self.ends = Ended(now, runtime.KILLED, runtime.ERROR)
        return self.ends

    def limit_memory(self, limit: int, now: int) -> None:
        """It may use this many bytes from now on, 0 for any number; when it uses more it is killed."""
        before = self.program
        self.program = Program(before.profile, before.timeline, before.argv, before.asked._replace(memory_limit=limit))
        self.program.around = before.around
        if self.stopped_ms is None and (self.ends is None or self.ends.at_ms > now):
            self.ends = self.program.describe_end(self.started_ms)
            if self.ends is not None and self.ends.at_ms < now:
                self.ends = self.ends._replace(at_ms=now)

    def refresh(self, program: Program, files: Mapping[str, str] | None, now: int) -> None:
        """Go on as a program does that finds other files from now on."""
        age = now - self.started_ms
        self.files = files
        old = self.program.timeline
        over = old.end_ms is not None and old.end_ms <= age
        if over or old.waits_for or program.timeline.waits_for or self.stopped_ms is not None:
            return
        self.program = renewed(self.program, program, age)
        if self.ends is None or self.ends.at_ms > now:
            self.ends = self.program.describe_end(self.started_ms)

    def _plan_to_ask(self, now: int) -> None:
        loop = self.program.timeline.loop
        waits = bool(self.program.timeline.waits_for) and loop is not None
        self.asks_at = now + max(loop.period_ms, 1_000) if waits and loop is not None else 0

    def ask(self, now: int) -> None:
        """Look whether those it waits for are there, and go on if they are."""
        found = resumed(self.program, now - self.started_ms)
        if found is not None:
            self.program = found
            self.ends = found.describe_end(self.started_ms)
        self._plan_to_ask(now)

    def is_serving(self, now: int) -> bool:
        """Whether its ports answer."""
        listens = self.program.listens_ms
        return listens is not None and self.started_ms + listens <= now and (self.ends is None or now < self.ends.at_ms)

    # ------------------------------------------------------------------ probes
    def probe(self, kind: str, action: Tree, port: int, ip: str) -> tuple[Piece, ...]:
        """The outcomes of a probe over the life of the process, first piece first."""
        if kind == "exec":
            return self._command_pieces(tuple(action.get("command") or ()))
        listens = self.program.listens_ms
        host = action.get("host") or ip
        if kind == "httpGet":
            scheme = str(action.get("scheme") or "HTTP").lower()
            path = str(action.get("path") or "/")
            refused = f'Get "{scheme}://{host}:{port}{path}": dial tcp {host}:{port}: connect: connection refused'
        elif kind == "grpc":
            refused = f'timeout: failed to connect service "{host}:{port}" within 1s: context deadline exceeded'
        else:
            refused = f"dial tcp {host}:{port}: connect: connection refused"
        if listens is None or port not in self.program.ports:
            return (Piece(self.started_ms, ok=False, message=refused),)
        opens = self.started_ms + listens
        pieces = [Piece(self.started_ms, ok=False, message=refused)] if listens else []
        if kind == "httpGet":
            pieces += self._page_pieces(str(action.get("path") or "/"), opens)
        else:
            pieces.append(Piece(opens, ok=True))
        return tuple(pieces)

    def _page_pieces(self, path: str, opens: int) -> list[Piece]:
        elsewhere = roles.redirected(self.program.argv, path)
        if elsewhere and not elsewhere.startswith("/"):
            # k8s: pkg/probe/http: redirects to other hosts are not followed.
            body = f'<a href="{elsewhere}">Found</a>.\n\n'
            return [Piece(opens, ok=True, message=f"Probe terminated redirects, Response body: {body}", warns=True)]
        path = (elsewhere or path).split("?", 1)[0]
        profile = self.program.profile
        served = pages.page_of(profile, self.files_at(opens), path) if profile.root else None
        pieces = [_answer(opens, served.status if served is not None else templates.status_of(profile, path))]
        for sick in profile.unhealthy:
            if sick.path != path:
                continue
            begins = max(opens, self.started_ms + sick.after_ms)
            pieces.append(_answer(begins, sick.status))
            if sick.for_ms is not None:
                pieces.append(_answer(begins + sick.for_ms, templates.status_of(profile, path)))
        return pieces

    def _command_pieces(self, argv: tuple[str, ...]) -> tuple[Piece, ...]:
        """The outcome changes when files change and when the server opens."""
        moments = {0}
        if self.program.listens_ms is not None:
            moments.add(self.program.listens_ms)
        moments.update(event.at_ms for event in self.program.timeline.events if event.kind != OUT)
        pieces: list[Piece] = []
        for moment in sorted(moments)[:200]:
            at = self.started_ms + moment
            outcome = self.execute(argv, at)
            piece = Piece(at, outcome.code == 0, outcome.output, millis=outcome.millis)
            if not pieces or pieces[-1][1:] != piece[1:]:
                pieces.append(piece)
        return tuple(pieces)

    # ------------------------------------------------------------------ inside
    def execute(
        self, argv: tuple[str, ...], now: int, env: Mapping[str, str] | None = None, world: World | None = None
    ) -> Outcome:
        """Run a command beside it, with its files; without a ``world`` there is nothing but its own ports."""
        host = self.facts.pod if self.facts else ""
        around = Surroundings(env or {}, self.files_at(now), host, world or _Inside(self, now))
        around = around._replace(
            one_shot_ms=0 if self.program.profile.only_shell else 1, programs=PROGRAMS if world is not None else None
        )
        timeline = sh.interpret(shell.literal(argv), around) if argv else Timeline(end_ms=0)
        said = [(event.name, dated(event.text, now + event.at_ms)) for event in timeline.events if event.kind == OUT]
        text = "".join(part for _, part in said)
        if timeline.code == 127 and text.startswith("sh: ") and timeline.end_ms == 0 and argv[0] not in SHELLS:
            return Outcome(127, f'exec: "{argv[0]}": executable file not found in $PATH', 0, not_found=True)
        changes = tuple(
            (event.name, event.text if event.kind == WRITE else None) for event in timeline.events if event.kind != OUT
        )
        errors = "".join(part for stream, part in said if stream)
        stdout = "".join(part for stream, part in said if not stream)
        millis = timeline.end_ms if timeline.end_ms is not None else -1
        return Outcome(timeline.code, text, millis, errors, stdout, changes, timeline=timeline)

    def put(self, path: str, text: str | None) -> None:
        """Write a file, or remove it (None); it is gone when the container is started again."""
        if self.layer is None:
            self.layer = {}
        if path in self.layer or len(self.layer) < LIMIT_OF_FILES:
            self.layer[path] = text

    def files_at(self, now: int) -> Mapping[str, str]:
        """The files it sees then: mounted ones and those it wrote."""
        base = self.files if self.files is not None else self.program.profile.files
        found = files_at(self.program.timeline, now - self.started_ms, base)
        for path, text in (self.layer or {}).items():
            if text is None:
                found.pop(path, None)
            else:
                found[path] = text
        return found

    # ------------------------------------------------------------------ logs
    def note(self, now: int, line: str) -> None:
        """Count a request and remember its log line."""
        self.requests += 1
        window = now // RATE_WINDOW_MS
        at, current, before = self._rate
        if window != at:
            before = current if window == at + 1 else 0
            current = 0
        self._rate = (window, current + 1, before)
        if line:
            if self._lines is None:
                self._lines = deque(maxlen=REQUEST_LINES)
            self._lines.append(LogLine(now, line))

    def logs(self, until: int, limit: int, facts: Facts | None = None) -> list[LogLine]:
        """The last lines that it wrote up to then, at most about ``limit``."""
        last = until if self.ends is None else min(until, self.ends.at_ms)
        timeline = self.program.timeline
        lines = _split(last_events(timeline, last - self.started_ms, limit), self.started_ms)
        if timeline.reads_ms is not None and lines and not timeline.events[-1].text.endswith("\n"):
            # k8s: the container runtime logs whole lines, and what is left when the program ends.
            lines.pop()
        lines += self._own_lines(last, limit, facts)
        if self._lines is not None:
            lines += self._lines
        lines.sort(key=_at)
        return [line for line in lines if line.at_ms <= last][-limit:]

    def _own_lines(self, until: int, limit: int, facts: Facts | None) -> list[LogLine]:
        profile, serves = self.program.profile, self.program.timeline.serves_ms
        lines: list[LogLine] = []
        if serves is not None:
            opens = self.started_ms + serves + profile.start_ms
            values = templates.values_of(facts, self.program)
            lines += [LogLine(opens, templates.fill(line, values, opens)) for line in profile.start_log]
            if profile.periodic_log is not None:
                every, line = profile.periodic_log
                count = max(0, (until - opens) // every)
                moments = [opens + turn * every for turn in range(max(1, count - limit + 1), count + 1)]
                lines += [LogLine(at, templates.fill(line, values, at)) for at in moments]
            if self.stopped_ms is not None:
                lines += [
                    LogLine(self.stopped_ms, templates.fill(line, values, self.stopped_ms)) for line in profile.term_log
                ]
        trap = self.program.timeline.trap
        if trap is not None and self.stopped_ms is not None:
            lines += _split(list(trap), self.stopped_ms)
        return lines

    # ------------------------------------------------------------------ usage
    def usage(self, now: int) -> tuple[int, int]:
        """Milli-cores and bytes in use."""
        age = now - self.started_ms
        profile = self.program.profile
        # The requests of the last fifteen seconds, from those of this window and their share of the one before.
        window, into = divmod(now, RATE_WINDOW_MS)
        at, current, before = self._rate
        if window == at + 1:
            current, before = 0, current
        elif window != at:
            current = before = 0
        count = current + before * (RATE_WINDOW_MS - into) // RATE_WINDOW_MS
        busy = count * profile.cpu_per_request * 1000 // RATE_WINDOW_MS
        cpu, memory = self.burden
        return profile.cpu.at(age) + busy + cpu, profile.memory.at(age) + memory


class _Inside:
    """The network as a probe in the container sees it: its own ports."""

    def __init__(self, process: SimProcess, now: int) -> None:
        self._process = process
        self._now = now

    def answers(self, host: str, port: int | None) -> bool:
        """Whether the port is open; every name is taken to exist."""
        del host
        return port is None or (port in self._process.program.ports and self._process.is_serving(self._now))

    def lookup(self, name: str, kind: str = "A", *, search: bool = True) -> Lookup:
        """Every name is this container."""
        del search
        return Lookup("127.0.0.1", ((name, Answer(NOERROR, (Record(f"{name}.", kind, "127.0.0.1"),))),))

    def open(self, host: str, port: int, protocol: str = "TCP") -> Attempt:
        """A connection that says nothing."""
        del protocol
        return Attempt(CONNECTED if self.answers(host, port) else REFUSED, "127.0.0.1")


def _answer(at: int, status: int) -> Piece:
    if 200 <= status < 400:
        return Piece(at, ok=True)
    return Piece(at, ok=False, message=f"HTTP probe failed with statuscode: {status}")


def _at(line: LogLine) -> int:
    return line.at_ms


def _split(events: list[Event], started: int) -> list[LogLine]:
    lines: list[LogLine] = []
    pending, since = "", 0
    for event in events:
        if event.kind != OUT:
            continue
        if not pending:
            since = event.at_ms
        whole = (pending + dated(event.text, started + event.at_ms)).split("\n")
        pending = whole.pop()
        for line in whole:
            lines.append(LogLine(started + since, line))
            since = event.at_ms
    if pending:
        lines.append(LogLine(started + since, pending))
    return lines
