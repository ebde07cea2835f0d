"""Writes of components that wait for an answer from outside: how they say so, and who can stand it."""


class Waiting(Exception):
    """A write of a component has to come again: nothing was written, and nothing is wrong."""

    def __init__(self) -> None:
        super().__init__("waits for the answer of a webhook")


class Patience:
    """Whether whoever writes at present will come again. Of this process: components work one at a time."""

    def __init__(self) -> None:
        self.held = False


PATIENCE = Patience()
WAIT_MS = 100
"""In how much virtual time they come again."""
