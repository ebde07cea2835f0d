"""Runs a flow against a client: sends its requests, lets the cluster's time pass, shows its progress."""

from collections.abc import Awaitable, Callable

from kubesim.objects.wire import Request, Response
from kubetui.model.flows.steps import Done, Flow, Progress, Wait


async def drive(
    flow: Flow,
    send: Callable[[Request], Awaitable[Response]],
    wait: Callable[[int], Awaitable[None]],
    show: Callable[[str], None],
) -> Done:
    """Drive a flow to its end; ``wait`` is given milliseconds of the cluster's time."""
    answer: Response | None = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as end:
            done: Done = end.value
            return done
        answer = None
        if isinstance(step, Request):
            answer = await send(step)
        elif isinstance(step, Wait):
            await wait(step.ms)
        elif isinstance(step, Progress):
            show(step.text)
