"""Pods and what holds their specs: defaults, validation, updates, warnings and the printed row."""
