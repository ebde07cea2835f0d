"""kube-apiserver: the authenticated gateway. ``handle(Request) -> Response`` and ``watch(Request) -> Cursor``."""
