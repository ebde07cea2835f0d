"""The simulated container runtime: programs as functions of time, a small shell, and servers that answer.

``program`` decides from an image's profile and a container's command what runs; ``shell`` and ``sh`` read a
``sh -c`` line into a timeline of output, files and exit; ``process`` is one run of a program and answers the kubelet;
``http``, ``redis`` and ``handshakes`` speak the protocols of the servers.
"""
