"""``kubetui clusters``: lists the sample clusters."""

import argparse
from collections.abc import Sequence

from kubesim.scenario.description import Description, read
from kubesim.scenario.documents import ManifestError
from kubesim.scenario.loader import samples


def described() -> list[Description]:
    """The descriptions of the sample clusters, the small ones first. Raises ManifestError."""
    return sorted((read(folder) for folder in samples()), key=_size)


def _size(description: Description) -> tuple[int, str]:
    return len(description.nodes), description.name


def main(arguments: Sequence[str]) -> int:
    """Print a line for each sample; returns the exit code."""
    parser = argparse.ArgumentParser(prog="kubetui clusters", description="List the sample clusters.")
    parser.parse_args(arguments)
    try:
        found = described()
    except ManifestError as error:
        print(f"error: {error}")
        return 1
    width = max((len(item.name) for item in found), default=0)
    for item in found:
        print(f"{item.name:<{width}}  {len(item.nodes):>5} nodes  {item.title}")
    return 0
