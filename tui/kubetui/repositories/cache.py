"""The content cache: charts by their SHA-256 checksum, in the layout that Helm shares."""

import hashlib
from pathlib import Path

from kubesim.helm.chart.errors import ChartError
from kubetui.repositories.files import reason, write_whole


class ContentCache:
    """The folder of the cache."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    def path(self, digest: str, suffix: str = ".chart") -> Path:
        """Where the content of a checksum lies."""
        return self.root / digest[:2] / f"{digest}{suffix}"

    def get(self, digest: str) -> bytes | None:
        """The content; None when it is not there or is not what its name says."""
        try:
            data = self.path(digest).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def put(self, data: bytes) -> Path:
        """Keep content; returns where."""
        path = self.path(hashlib.sha256(data).hexdigest())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ChartError(f"mkdir {path.parent}: {reason(error)}") from None
        write_whole(path, data)
        return path
