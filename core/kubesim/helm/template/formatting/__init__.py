"""Go's fmt package: print, println, printf and the text that a value prints as."""

from kubesim.helm.template.formatting.printer import sprint, sprintln, text
from kubesim.helm.template.formatting.sprintf import sprintf

__all__ = ["sprint", "sprintf", "sprintln", "text"]
