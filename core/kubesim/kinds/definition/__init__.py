"""CustomResourceDefinitions: defaults, validation in the words of the real server, what may change."""

from kubesim.kinds.definition.strategy import DefinitionStrategy

__all__ = ["DefinitionStrategy"]
