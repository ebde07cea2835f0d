"""The replication controller: looks after ReplicationControllers just as ReplicaSets are looked after."""

from kubesim.controllers.replicaset import ReplicaSetController
from kubesim.controllers.replicaset.record import REPLICATION_CONTROLLER
from kubesim.objects.wire import PODS, Tree


class ReplicationManager(ReplicaSetController):
    """Creates and deletes the pods of ReplicationControllers. While there are none it looks at no pod.

    # k8s: pkg/controller/replication is the replicaset controller behind a conversion, too
    """

    kind = REPLICATION_CONTROLLER

    def _replica_set_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        was_idle = not self._by_uid
        super()._replica_set_changed(old, new, revision)
        if not self._by_uid:
            self._orphans.clear()
        elif was_idle:
            for each in self._client.list(PODS):
                self._pod_changed(None, each, 0)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if self._by_uid:
            super()._pod_changed(old, new, revision)
