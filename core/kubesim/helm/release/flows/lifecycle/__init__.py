"""The verbs that change releases: install, upgrade, roll back, uninstall and test."""

from kubesim.helm.release.flows.lifecycle.installing import install
from kubesim.helm.release.flows.lifecycle.options import Options
from kubesim.helm.release.flows.lifecycle.rolling import rollback
from kubesim.helm.release.flows.lifecycle.testing import Tested, run_tests
from kubesim.helm.release.flows.lifecycle.uninstalling import uninstall
from kubesim.helm.release.flows.lifecycle.upgrading import upgrade
from kubesim.helm.release.record import PENDING

__all__ = ["PENDING", "Options", "Tested", "install", "rollback", "run_tests", "uninstall", "upgrade"]
