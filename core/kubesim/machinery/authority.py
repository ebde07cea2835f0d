"""Who signs for the cluster: the port through which controllers and kubelets get tokens and certificates.

Keys are no part of a simulation that must repeat itself: whoever serves the cluster to the outside installs an
authority. Without one nothing is signed.
"""

from collections.abc import Mapping
from typing import Any, Protocol


class SigningError(ValueError):
    """A request that the signer refuses; the text says why."""


class Authority(Protocol):
    """Keys of the cluster."""

    @property
    def root(self) -> str:
        """The certificate of the cluster's authority, as PEM."""

    def token(self, claims: Mapping[str, Any]) -> str:
        """A signed JSON Web Token."""

    def holds(self, token: str) -> bool:
        """Whether these keys signed a token."""

    def certificate(self, spec: Mapping[str, Any]) -> str:
        """The certificate (PEM, in base64) for the spec of a CertificateSigningRequest. Raises SigningError."""


class Seal:
    """Holds the authority of one cluster. It is left out of snapshots: keys are not written to files with them."""

    def __init__(self) -> None:
        self.authority: Authority | None = None
        self._ears: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        return {"authority": None, "_ears": self._ears}

    def on_install(self, ear: Any) -> None:
        """Call a bound method when an authority is installed."""
        if getattr(ear, "__self__", None) is None:
            msg = "only bound methods may listen: a cluster must survive pickling"
            raise TypeError(msg)
        self._ears.append(ear)

    def install(self, authority: Authority) -> None:
        """Sign with these keys from now on."""
        self.authority = authority
        for ear in self._ears:
            ear()
