"""What is wrong with an expression, in the words of Go's regexp."""


class RegexError(ValueError):
    """An expression that Go would not compile either, or one that is too large."""
