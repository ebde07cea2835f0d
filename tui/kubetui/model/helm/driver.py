"""Carries Helm's flows out against a client: templates render in a thread, so that no chart can hold up the keys."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar, cast

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows.steps import Flow, Wait
from kubesim.objects.wire import Request, Response
from kubetui.client.port import ClusterClient

Answer = TypeVar("Answer")


@cache
def _pool() -> ThreadPoolExecutor:
    # One thread: what is parsed is remembered for all, and two renderings at a time would not be faster.
    return ThreadPoolExecutor(1, "helm")


async def in_thread(work: Callable[..., Answer], *arguments: Any) -> Answer:
    """Do something that takes its time without holding up the event loop; exceptions come through."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), work, *arguments)


def _next(flow: Flow[Answer], answer: Response | None) -> tuple[Request | Wait | None, Answer | None]:
    try:
        return flow.send(answer), None
    except StopIteration as end:
        return None, end.value
    except (RecursionError, MemoryError) as error:
        raise ChartError(f"rendering takes too much: {type(error).__name__}") from None


async def carry_out(
    flow: Flow[Answer],
    client: ClusterClient,
    wait: Callable[[int], Awaitable[None]],
    say: Callable[[str], None] | None = None,
) -> Answer:
    """Drive a flow to its end; ``wait`` is given milliseconds of its time. TemplateError has Helm's text."""
    answer: Response | None = None
    while True:
        step, result = await in_thread(_next, flow, answer)
        if step is None:
            return cast("Answer", result)
        answer = None
        if isinstance(step, Wait):
            if say is not None:
                say(f"waiting for {step.note}")
            await wait(step.milliseconds)
        else:
            answer = await client.send(step)
