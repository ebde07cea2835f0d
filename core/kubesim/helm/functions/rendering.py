"""The functions that Helm's engine binds to a render: include, tpl, required, fail, lookup and getHostByName."""

from typing import Any

from kubesim.helm.template.errors import GoError, ParseError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import ANY, STRING, Function, function

MAX_INCLUDES = 1000
"""How often one template may be within itself."""

WARNING_START, WARNING_END = "HELM_ERR_START", "HELM_ERR_END"


def include(render: Context, name: str, data: Any) -> str:
    """The output of a template."""
    included = render.included
    count = included.get(name, 0)
    if count > MAX_INCLUDES:
        cause = GoError("unable to execute template")
        raise GoError(f"rendering template has a nested reference name: {name}: {cause}", cause)
    included[name] = count + 1
    output = render.execute(name, data)
    included[name] -= 1
    return output


def tpl(render: Context, text: str, data: Any) -> str:
    """The output of a text that is itself a template. What it defines is known to it alone."""
    inner = render.clone()
    try:
        template = inner.add(render.name, text)
    except ParseError as error:
        raise GoError(f"cannot parse template {quote(text)}: {error}", error) from None
    try:
        output = inner.run(template, data)
    except GoError as error:
        raise GoError(f"error during tpl function execution for {quote(text)}: {error}", error) from None
    return output.replace("<no value>", "") if "<no value>" in output else output


def _warning(message: str) -> GoError:
    return GoError(f"{WARNING_START}{message}{WARNING_END}")


def required(render: Context, message: str, value: Any) -> Any:
    """The value; fails when it is nil or an empty string."""
    if value is None or value == "":
        if not render.lint:
            raise _warning(message)
        render.warnings.append(f"missing required value: {message}")
        return ""
    return value


def fail(render: Context, message: str) -> str:
    """Fails."""
    if not render.lint:
        raise _warning(message)
    render.warnings.append(f"fail: {message}")
    return ""


def lookup(render: Context, version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
    """An object, or a list of objects when the name is empty, from the cluster; {} when there is none."""
    if render.lookup is None or render.lint:
        return {}
    return render.lookup(version, kind, namespace, name)


def host_by_name(name: str) -> str:
    """Nothing: names are not resolved."""
    return ""


FUNCTIONS: tuple[Function, ...] = (
    function("include", include, STRING, ANY, context=True),
    function("tpl", tpl, STRING, ANY, context=True),
    function("required", required, STRING, ANY, context=True),
    function("fail", fail, STRING, context=True),
    function("lookup", lookup, STRING, STRING, STRING, STRING, context=True),
    function("getHostByName", host_by_name, STRING),
)
