"""Kinds that keep pods running: Deployment, ReplicaSet, StatefulSet, DaemonSet and their relatives."""
