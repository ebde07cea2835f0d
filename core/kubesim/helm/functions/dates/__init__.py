"""Dates: Go's time.Time and time.Duration, layouts, and the functions that format and change them."""

from kubesim.helm.functions.dates.library import FUNCTIONS

__all__ = ["FUNCTIONS"]
