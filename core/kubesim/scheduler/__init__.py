"""kube-scheduler: queue, filter and score plugins, preemption and binding; every verdict and score can be asked for."""

from kubesim.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
