"""Kinds that keep pods running: ReplicaSet, Deployment, StatefulSet, DaemonSet, ReplicationController, ControllerRevision."""
