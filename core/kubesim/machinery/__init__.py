"""client-go in small: component client, event recorder, informer hub, work queue and the driver of reconcilers.

A component (controller, scheduler, kubelet, proxy) is written against this package and ``kubesim.objects`` alone.
It reads through ``Client`` (the store's own immutable trees, no second cache), is woken by handlers on the ``Hub``
(O(1) work: mark a key dirty, adjust a counter), and writes through ``Client`` (a Request each time).
"""
