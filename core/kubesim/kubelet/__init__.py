"""kubelet: every node's agent, the state machine of its pods, and simulated containers that answer.

``fleet.Kubelets`` is the way in: it adds nodes, hands each pod to the agent of its node and answers for containers
(logs, traffic, usage). ``lifecycle`` decides what a pod needs next and is pure; ``worker`` carries it out for one pod;
``starting``, ``stopping`` and ``probing`` are its steps. ``simruntime`` plays the container runtime: what an image does
is data (``data/images.yaml``), what a ``command`` does is read from the command itself, and both are functions of time,
so a running container that nobody looks at costs nothing.
"""
