"""What label keys and label values may look like, with the texts of apimachinery's validation."""

import re
from functools import lru_cache

_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_SHAPE = re.compile(_NAME)
_SUBDOMAIN_SHAPE = re.compile(_SUBDOMAIN)

_CHARACTERS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_EXAMPLES = f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
_BAD_NAME = f"{_CHARACTERS} {_EXAMPLES}"
_BAD_QUALIFIED = (
    f"a qualified name {_BAD_NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_BAD_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_BAD_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'({_NAME})?')"
)


def subdomain_errors(text: str) -> list[str]:
    """What is wrong with a DNS subdomain. # k8s: apimachinery/util/validation IsDNS1123Subdomain."""
    errors = []
    if len(text.encode()) > 253:
        errors.append("must be no more than 253 bytes")
    if not _SUBDOMAIN_SHAPE.fullmatch(text):
        errors.append(_BAD_SUBDOMAIN)
    return errors


@lru_cache(maxsize=1024)
def _key_errors(key: str) -> tuple[str, ...]:
    parts = key.split("/")
    if len(parts) > 2:
        return (_BAD_QUALIFIED,)
    errors = []
    name = parts[-1]
    if len(parts) == 2:
        if not parts[0]:
            errors.append("prefix part must be non-empty")
        else:
            errors += ["prefix part " + text for text in subdomain_errors(parts[0])]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        errors.append("name part must be no more than 63 bytes")
    if not _NAME_SHAPE.fullmatch(name):
        errors.append("name part " + _BAD_NAME)
    return tuple(errors)


def key_errors(key: str) -> list[str]:
    """What is wrong with a qualified name, such as a label key. # k8s: apimachinery/util/validation IsQualifiedName."""
    return list(_key_errors(key))


def value_errors(value: str) -> list[str]:
    """What is wrong with a label value. # k8s: apimachinery/util/validation IsValidLabelValue."""
    errors = []
    if len(value.encode()) > 63:
        errors.append("must be no more than 63 bytes")
    if value and not _NAME_SHAPE.fullmatch(value):
        errors.append(_BAD_VALUE)
    return errors
