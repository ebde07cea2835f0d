"""An operator written with kopf: it makes a ConfigMap for each Widget, follows its size, and counts."""

from typing import Any

import kopf


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.persistence.finalizer = "widgets.example.com/operator"
    settings.watching.server_timeout = 60


@kopf.on.create("example.com", "v1", "widgets")
def created(spec: Any, patch: Any, body: Any, name: str, **_: Any) -> dict[str, str]:
    patch.status["made"] = spec.get("size", 0)
    kopf.event(body, type="Normal", reason="Made", message=f"made {name}")
    return {"hello": name}


@kopf.on.update("example.com", "v1", "widgets", field="spec.size")
def updated(old: int, new: int, patch: Any, **_: Any) -> None:
    patch.status["made"] = new
    patch.status["before"] = old


@kopf.on.delete("example.com", "v1", "widgets")
def deleted(name: str, **_: Any) -> None:
    print(f"gone: {name}", flush=True)


@kopf.timer("example.com", "v1", "widgets", interval=0.2)
def tick(status: Any, patch: Any, **_: Any) -> None:
    patch.status["ticks"] = status.get("ticks", 0) + 1


@kopf.daemon("example.com", "v1", "widgets", cancellation_timeout=1.0)
async def watch_over(name: str, stopped: kopf.DaemonStopped, **_: Any) -> None:
    print(f"watching over: {name}", flush=True)
    await stopped.wait()
    print(f"no longer watching over: {name}", flush=True)
