"""The error of everything that deals with charts and values."""

from kubesim.helm.template.errors import GoError


class ChartError(GoError):
    """A chart or its values are not usable; ``str()`` is Helm's text."""
