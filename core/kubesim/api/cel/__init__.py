"""The Common Expression Language as Kubernetes uses it: compiled once, evaluated over JSON trees, with a cost limit.

A library parses and checks expressions; they are evaluated here, since the library has neither Kubernetes' own types
nor its costs. Import ``kubesim.api.cel.program`` only when there is an expression: the library takes its time.
"""
