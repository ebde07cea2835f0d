"""Runs parsed templates: each is compiled once into closures, which then run over any data."""
