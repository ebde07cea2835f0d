"""Where the answers of admission webhooks come from: pods of the cluster, or a server on this machine.

Pods answer at once. For the others a request of a client ends with Awaited and is carried in again; a component's
write is told to come again, while whoever serves the cluster fetches the answer.
"""

from typing import Any, Protocol

import orjson

from kubesim.api.webhooks import OUTSIDE, UID, Answer, OutsideCall
from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.objects.waiting import PATIENCE, Waiting
from kubesim.objects.wire import Tree

KEPT_MS = 60_000
"""How long an answer for a component stands, in virtual time: its write comes back soon, or not at all."""


class Servers(Protocol):
    """The pods that serve webhooks."""

    def post(self, config: Tree, body: bytes, seconds: int) -> tuple[bytes, str] | None:
        """What they answer, or why they do not; None when it is not for them."""


class Mailbox:
    """The questions of one cluster that wait for answers, and the answers that wait to be fetched."""

    def __init__(self, loop: Loop, chance: Chance) -> None:
        self.servers: Servers | None = None
        """Joined to it when the cluster has a network."""
        self.carried = False
        """Whether somebody fetches answers from outside."""
        self.wanted: dict[str, OutsideCall] = {}
        self._pending: dict[str, None] = {}
        self._answers: dict[str, tuple[int, Answer]] = {}
        self._loop = loop
        self._chance = chance

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "carried": False, "wanted": {}, "_pending": {}, "_answers": {}}

    def ask(self, call: OutsideCall) -> Answer:
        """The answer. Raises Awaited or Waiting when there is none yet."""
        found = self.simulated(call)
        if found is not None:
            return found
        if OUTSIDE.is_answering:
            return OUTSIDE.ask(call)
        return self._later(call)

    def simulated(self, call: OutsideCall) -> Answer | None:
        """What a pod of the cluster answers; None when the webhook is none."""
        if self.servers is None:
            return None
        uid = self._chance.uid()
        body = orjson.dumps(call.body).replace(UID.encode(), uid.encode())
        found = self.servers.post(call.config, body, call.timeout_seconds)
        if found is None:
            return None
        content, why = found
        if why:
            return Answer(error=why)
        try:
            return Answer(orjson.loads(content.replace(uid.encode(), UID.encode())))
        except ValueError as error:
            return Answer(error=f"the webhook's answer is no JSON: {error}")

    # ------------------------------------------------------------------ components
    def _later(self, call: OutsideCall) -> Answer:
        key, now = call.key, self._loop.now
        known = self._answers.get(key)
        if known is not None and known[0] > now:
            return known[1]
        where = call.config.get("url") or "the webhook"
        if not self.carried:
            # differs: a cluster that nobody serves cannot reach this machine.
            return Answer(error=f'Post "{where}": the cluster is not served, so nothing outside of it can be reached')
        self.wanted[key] = call
        if PATIENCE.held:
            raise Waiting
        return Answer(error=f'Post "{where}?timeout={call.timeout_seconds}s": context deadline exceeded')

    def take(self) -> list[OutsideCall]:
        """The questions to fetch answers for; each is handed out once."""
        found = [call for key, call in self.wanted.items() if key not in self._pending]
        self.wanted.clear()
        self._pending.update({call.key: None for call in found})
        return found

    def put(self, call: OutsideCall, answer: Answer) -> None:
        """An answer has come."""
        now = self._loop.now
        self._pending.pop(call.key, None)
        self._answers = {key: known for key, known in self._answers.items() if known[0] > now}
        self._answers[call.key] = (now + KEPT_MS, answer)
