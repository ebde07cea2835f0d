"""Faults: what can be broken, as objects to create, and whom it would hit; pure."""
