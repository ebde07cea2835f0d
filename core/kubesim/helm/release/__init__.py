"""Helm releases: how they are stored."""
