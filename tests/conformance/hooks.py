"""A webhook server in a pod of the cluster: agnhost behind a Service, with a certificate out of a Secret."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.manifests import AGNHOST
from conformance.ways import Resource, Tree

Speak = Callable[..., Resource]
SERVICE = "e2e-test-webhook"
PORT, TARGET = 8443, 8444
FOLDER = "/webhook.local.config/certificates"


class Issued(NamedTuple):
    """PEM texts."""

    authority: bytes
    certificate: bytes
    key: bytes


def issue(name: str) -> Issued:
    """An authority, and a certificate of it for a name."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "e2e-server-cert-ca")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    def built(about: x509.Name, key: Any) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(about).issuer_name(issuer).public_key(key.public_key())
        return (
            builder.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(1))
        )

    authority = built(issuer, keys[0]).add_extension(x509.BasicConstraints(True, None), critical=True)
    own = built(subject, keys[1]).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pems = [each.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM) for each in (authority, own)]
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(pems[0], pems[1], key)


class HookServer(NamedTuple):
    """A running server. ``client`` makes the clientConfig of one of its paths."""

    namespace: str
    bundle: str

    def client(self, path: str, bundle: str | None = None) -> Tree:
        place = {"namespace": self.namespace, "name": SERVICE, "path": path, "port": PORT}
        return {"service": place, "caBundle": self.bundle if bundle is None else bundle}


def deploy(of: Speak, namespace: str, subcommand: str = "webhook") -> HookServer:
    """Start the server and wait until it is ready."""
    issued = issue(f"{SERVICE}.{namespace}.svc")
    data = {"tls.crt": issued.certificate, "tls.key": issued.key}
    of("v1/secrets").create(
        {
            "metadata": {"name": "sample-webhook-secret"},
            "type": "Opaque",
            "data": {name: base64.b64encode(text).decode() for name, text in data.items()},
        }
    )
    container = {
        "name": "sample-webhook",
        "image": AGNHOST,
        "args": [
            subcommand, f"--tls-cert-file={FOLDER}/tls.crt", f"--tls-private-key-file={FOLDER}/tls.key",
            "--alsologtostderr", "-v=4", f"--port={TARGET}",
        ],
        "ports": [{"containerPort": TARGET}],
        "readinessProbe": {"httpGet": {"scheme": "HTTPS", "path": "/readyz", "port": TARGET}, "periodSeconds": 1},
        "volumeMounts": [{"name": "webhook-certs", "readOnly": True, "mountPath": FOLDER}],
    }  # fmt: skip
    labels = {"app": "sample-webhook", "webhook": "true"}
    of("apps/v1/deployments").create(
        {
            "metadata": {"name": "sample-webhook-deployment", "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "terminationGracePeriodSeconds": 0,
                        "containers": [container],
                        "volumes": [{"name": "webhook-certs", "secret": {"secretName": "sample-webhook-secret"}}],
                    },
                },
            },
        }
    )
    of("v1/services").create(
        {
            "metadata": {"name": SERVICE, "labels": {"test": "webhook"}},
            "spec": {
                "selector": {"webhook": "true"},
                "ports": [{"protocol": "TCP", "port": PORT, "targetPort": TARGET}],
            },
        }
    )
    of("apps/v1/deployments").until(
        "sample-webhook-deployment", lambda found: (found.get("status") or {}).get("availableReplicas") == 1
    )
    of("v1/endpoints").until(SERVICE, lambda found: bool(found.get("subsets")))
    return HookServer(namespace, base64.b64encode(issued.authority).decode())
