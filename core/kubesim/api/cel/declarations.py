"""The functions and types that Kubernetes adds to CEL, as the checker must know them.

# k8s: apiserver/pkg/cel/library: lists, regex, url, authz, quantity, ip, cidr, format, semver, jsonpatch
"""

TYPES = (
    "kubernetes.URL", "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.NamedFormat", "net.IP", "net.CIDR",
    "kubernetes.authorization.Authorizer", "kubernetes.authorization.PathCheck",
    "kubernetes.authorization.GroupCheck", "kubernetes.authorization.ResourceCheck",
    "kubernetes.authorization.Decision",
)  # fmt: skip

_ORDERED = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
_SUMMED = ("int", "uint", "double", "duration")
_QUANTITY, _SEMVER, _URL = "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL"
_FORMAT, _AUTH = "kubernetes.NamedFormat", "kubernetes.authorization."


def signatures() -> list[tuple[str, str, str]]:
    """Every overload as (function, signature, result)."""
    return [*_lists(), *_texts(), *_network(), *_quantities(), *_versions(), *_authorizer()]


def _lists() -> list[tuple[str, str, str]]:
    found = [
        ("indexOf", "list<~T>.indexOf(~T)", "int"),
        ("lastIndexOf", "list<~T>.lastIndexOf(~T)", "int"),
    ]
    for name in _ORDERED:
        found += [
            ("isSorted", f"list<{name}>.isSorted()", "bool"),
            ("min", f"list<{name}>.min()", name),
            ("max", f"list<{name}>.max()", name),
        ]
    found += [("sum", f"list<{name}>.sum()", name) for name in _SUMMED]
    return found


def _texts() -> list[tuple[str, str, str]]:
    return [
        *_strings(),
        ("find", "string.find(string)", "string"),
        ("findAll", "string.findAll(string)", "list<string>"),
        ("findAll", "string.findAll(string,int)", "list<string>"),
        ("format.named", "format.named(string)", f"optional_type<{_FORMAT}>"),
        ("jsonpatch.escapeKey", "jsonpatch.escapeKey(string)", "string"),
        *((f"format.{name}", f"format.{name}()", _FORMAT) for name in NAMED_FORMATS),
        ("validate", f"{_FORMAT}.validate(string)", "optional_type<list<string>>"),
        ("url", "url(string)", _URL),
        ("isURL", "isURL(string)", "bool"),
        *((f"get{part}", f"{_URL}.get{part}()", "string") for part in ("Scheme", "Host", "Hostname", "Port")),
        ("getEscapedPath", f"{_URL}.getEscapedPath()", "string"),
        ("getQuery", f"{_URL}.getQuery()", "map<string,list<string>>"),
    ]


def _strings() -> list[tuple[str, str, str]]:
    """# k8s: cel-go/ext/strings.go; the library's own extension cannot be joined by the functions of lists."""
    return [
        ("charAt", "string.charAt(int)", "string"),
        *(
            (name, f"string.{name}({given})", "int")
            for name in ("indexOf", "lastIndexOf")
            for given in ("string", "string,int")
        ),
        ("join", "list<string>.join()", "string"),
        ("join", "list<string>.join(string)", "string"),
        *((name, f"string.{name}()", "string") for name in ("lowerAscii", "upperAscii", "trim", "reverse")),
        ("replace", "string.replace(string,string)", "string"),
        ("replace", "string.replace(string,string,int)", "string"),
        ("split", "string.split(string)", "list<string>"),
        ("split", "string.split(string,int)", "list<string>"),
        ("substring", "string.substring(int)", "string"),
        ("substring", "string.substring(int,int)", "string"),
        ("format", "string.format(list<dyn>)", "string"),
        *(("string", f"string({kind})", "string") for kind in (*_ORDERED, "net.IP", "net.CIDR")),
        ("strings.quote", "strings.quote(string)", "string"),
    ]


NAMED_FORMATS = (
    "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix",
    "dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime",
)  # fmt: skip


def _network() -> list[tuple[str, str, str]]:
    ip, cidr = "net.IP", "net.CIDR"
    questions = ("isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast")
    return [
        ("ip", "ip(string)", ip),
        ("isIP", "isIP(string)", "bool"),
        ("ip.isCanonical", "ip.isCanonical(string)", "bool"),
        ("family", f"{ip}.family()", "int"),
        *((name, f"{ip}.{name}()", "bool") for name in questions),
        ("cidr", "cidr(string)", cidr),
        ("isCIDR", "isCIDR(string)", "bool"),
        ("containsIP", f"{cidr}.containsIP({ip})", "bool"),
        ("containsIP", f"{cidr}.containsIP(string)", "bool"),
        ("containsCIDR", f"{cidr}.containsCIDR({cidr})", "bool"),
        ("containsCIDR", f"{cidr}.containsCIDR(string)", "bool"),
        ("ip", f"{cidr}.ip()", ip),
        ("masked", f"{cidr}.masked()", cidr),
        ("prefixLength", f"{cidr}.prefixLength()", "int"),
    ]


def _quantities() -> list[tuple[str, str, str]]:
    one = _QUANTITY
    return [
        ("quantity", "quantity(string)", one),
        ("isQuantity", "isQuantity(string)", "bool"),
        ("sign", f"{one}.sign()", "int"),
        ("isInteger", f"{one}.isInteger()", "bool"),
        ("asInteger", f"{one}.asInteger()", "int"),
        ("asApproximateFloat", f"{one}.asApproximateFloat()", "double"),
        ("isGreaterThan", f"{one}.isGreaterThan({one})", "bool"),
        ("isLessThan", f"{one}.isLessThan({one})", "bool"),
        ("compareTo", f"{one}.compareTo({one})", "int"),
        *((name, f"{one}.{name}({other})", one) for name in ("add", "sub") for other in (one, "int")),
    ]


def _versions() -> list[tuple[str, str, str]]:
    one = _SEMVER
    return [
        ("semver", "semver(string)", one),
        ("semver", "semver(string,bool)", one),
        ("isSemver", "isSemver(string)", "bool"),
        ("isSemver", "isSemver(string,bool)", "bool"),
        *((name, f"{one}.{name}()", "int") for name in ("major", "minor", "patch")),
        ("isGreaterThan", f"{one}.isGreaterThan({one})", "bool"),
        ("isLessThan", f"{one}.isLessThan({one})", "bool"),
        ("compareTo", f"{one}.compareTo({one})", "int"),
    ]


def _authorizer() -> list[tuple[str, str, str]]:
    one, path, group = f"{_AUTH}Authorizer", f"{_AUTH}PathCheck", f"{_AUTH}GroupCheck"
    check, decision = f"{_AUTH}ResourceCheck", f"{_AUTH}Decision"
    return [
        ("path", f"{one}.path(string)", path),
        ("group", f"{one}.group(string)", group),
        ("serviceAccount", f"{one}.serviceAccount(string,string)", one),
        ("resource", f"{group}.resource(string)", check),
        *((name, f"{check}.{name}(string)", check) for name in ("subresource", "namespace", "name")),
        *((name, f"{check}.{name}(string)", check) for name in ("fieldSelector", "labelSelector")),
        *(("check", f"{each}.check(string)", decision) for each in (path, check)),
        ("errored", f"{decision}.errored()", "bool"),
        ("error", f"{decision}.error()", "string"),
        ("allowed", f"{decision}.allowed()", "bool"),
        ("reason", f"{decision}.reason()", "string"),
    ]
