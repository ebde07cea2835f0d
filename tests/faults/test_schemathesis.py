"""Requests that schemathesis makes of the OpenAPI documents: none is answered with a defect, none stalls the server.

``FUZZ_SECONDS=300 pytest tests/faults/test_schemathesis.py`` looks longer.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.conftest import install_once
from conformance.served import TOKEN, Served
from faults.hostile import STALL_SECONDS, Heart
from kubesim.cluster import Cluster, Settings

LIBRARIES = ("schemathesis==4.32.5",)
SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
EXAMPLES = 2 if SECONDS < 60 else 50
DOCUMENTS = ["apis/coordination.k8s.io/v1", "apis/scheduling.k8s.io/v1"]
if SECONDS >= 60:
    DOCUMENTS = [
        "api/v1",
        *(
            f"apis/{group}"
            for group in (
                "admissionregistration.k8s.io/v1",
                "apiextensions.k8s.io/v1",
                "apiregistration.k8s.io/v1",
                "apps/v1",
                "authentication.k8s.io/v1",
                "authorization.k8s.io/v1",
                "autoscaling/v1",
                "autoscaling/v2",
                "batch/v1",
                "certificates.k8s.io/v1",
                "coordination.k8s.io/v1",
                "discovery.k8s.io/v1",
                "events.k8s.io/v1",
                "flowcontrol.apiserver.k8s.io/v1",
                "networking.k8s.io/v1",
                "node.k8s.io/v1",
                "policy/v1",
                "rbac.authorization.k8s.io/v1",
                "resource.k8s.io/v1",
                "scheduling.k8s.io/v1",
                "storage.k8s.io/v1",
                "storagemigration.k8s.io/v1",
                "metrics.k8s.io/v1beta1",
                "sim.kubetui.dev/v1",
            )
        ),
    ]


@pytest.fixture(scope="session")
def schemathesis() -> Path:
    """The folder that holds schemathesis and what it needs, away from the project's own packages."""
    return install_once("schemathesis", LIBRARIES)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(Cluster(Settings(name="fuzzed")), tmp_path)
    yield found
    found.stop()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_answer_is_a_defect(document: str, served: Served, schemathesis: Path, tmp_path: Path):
    assert served._loop is not None
    heart = Heart(served._loop)
    program = Path(__file__).parent / "programs" / "fuzz.py"
    # Building the documents is work of the start; what comes after it must not stall.
    assert served.send("GET", f"/openapi/v3/{document}").status == 200
    served.call(lambda: setattr(heart, "longest", 0.0))
    done = subprocess.run(
        [sys.executable, program, served.server.url, TOKEN, document, str(SECONDS), str(EXAMPLES)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(schemathesis), "HOME": str(tmp_path)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    heart.stop()
    assert done.returncode == 0, done.stdout
    assert served.send("GET", "/livez").status == 200
    assert heart.longest < STALL_SECONDS, f"the loop was busy for {heart.longest * 1000:.0f} ms"
