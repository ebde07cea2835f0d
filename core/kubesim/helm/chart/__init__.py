"""Helm charts: loading, their dependencies, and the values they are rendered with."""
