"""Commands that look names up: nslookup, dig, host and getent, with the output of busybox and BIND."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.objects.connections import NO_SERVER, NOERROR, Answer, Lookup

TYPES = frozenset({"A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"})
ATTEMPT_MS = 5_000
NO_REPLY = ";; connection timed out; no servers could be reached\n\n"
TTL = 30


def _nslookup(machine: Interpreter, argv: list[str]) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    if not words:
        return 1
    kind = next((word.split("=", 1)[1].upper() for word in argv if word.startswith(("-type=", "-q="))), "A")
    found = machine.lookup(_reversed(words[0]), "PTR" if _is_address(words[0]) else kind)
    if found.answer.code == NO_SERVER:
        machine.at_ms += 3 * ATTEMPT_MS
        machine.write(NO_REPLY)
        return 1
    machine.write(f"Server:\t\t{found.server}\nAddress:\t{found.server}:53\n\n")
    if found.answer.code != NOERROR:
        machine.at_ms += 20
        for name, _ in found.tried:
            machine.write(f"** server can't find {name.removesuffix('.')}: NXDOMAIN\n\n")
        return 1
    for record in found.answer.records:
        name = record.name.removesuffix(".")
        if record.kind in {"A", "AAAA"}:
            machine.write(f"Name:\t{name}\nAddress: {record.data}\n")
        elif record.kind == "CNAME":
            machine.write(f"{name}\tcanonical name = {record.data.removesuffix('.')}\n")
        elif record.kind == "PTR":
            machine.write(f"{name}\tname = {record.data.removesuffix('.')}\n")
        else:
            machine.write(f"{name}\tservice = {record.data.removesuffix('.')}\n")
    machine.write("\n")
    return 0


def _dig(machine: Interpreter, argv: list[str]) -> int:
    flags = [word for word in argv[1:] if word.startswith(("+", "@"))]
    words = [word for word in argv[1:] if not word.startswith(("+", "@", "-"))]
    name, kind = ".", "A"
    if "-x" in argv and words:
        name, kind = _reversed(words[0]), "PTR"
    else:
        for word in words:
            if word.upper() in TYPES:
                kind = word.upper()
            elif word.upper() != "IN":
                name = word
    found = machine.lookup(name, kind, search="+search" in flags)
    if found.answer.code == NO_SERVER:
        machine.at_ms += 3 * ATTEMPT_MS
        machine.write(f"\n; <<>> DiG 9.20.11 <<>> {' '.join(argv[1:])}\n;; global options: +cmd\n{NO_REPLY}")
        return 9
    if "+short" in flags:
        machine.write("".join(f"{record.data}\n" for record in found.answer.records))
    elif "+noall" in flags:
        machine.write(_section(found.answer) if "+answer" in flags else "")
    else:
        machine.write(_message(found, kind, argv))
    return 0


def _section(answer: Answer) -> str:
    return "".join(f"{each.name}\t{TTL}\tIN\t{each.kind}\t{each.data}\n" for each in answer.records)


def _message(found: Lookup, kind: str, argv: list[str]) -> str:
    answer = found.answer
    count = len(answer.records)
    question = found.tried[-1][0] if found.tried else "."
    lines = [
        "",
        f"; <<>> DiG 9.20.11 <<>> {' '.join(argv[1:])}",
        ";; global options: +cmd",
        ";; Got answer:",
        f";; ->>HEADER<<- opcode: QUERY, status: {answer.code}, id: 4711",
        f";; flags: qr aa rd; QUERY: 1, ANSWER: {count}, AUTHORITY: {0 if count else 1}, ADDITIONAL: 1",
        "",
        ";; QUESTION SECTION:",
        f";{question}\t\tIN\t{kind}",
        "",
    ]
    text = "\n".join(lines) + "\n"
    if count:
        text += f";; ANSWER SECTION:\n{_section(answer)}\n"
    return f"{text};; Query time: 1 msec\n;; SERVER: {found.server}#53({found.server}) (UDP)\n\n"


def _host(machine: Interpreter, argv: list[str]) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    if not words:
        return 1
    found = machine.lookup(_reversed(words[0]), "PTR" if _is_address(words[0]) else "A")
    if found.answer.code == NO_SERVER:
        machine.at_ms += 2 * ATTEMPT_MS
        machine.write(NO_REPLY)
        return 1
    if not found.answer.records:
        machine.write(f"Host {words[0]} not found: 3(NXDOMAIN)\n")
        return 1
    says = {"A": "has address", "AAAA": "has IPv6 address", "CNAME": "is an alias for",
            "PTR": "domain name pointer", "SRV": "has SRV record"}  # fmt: skip
    for record in found.answer.records:
        machine.write(f"{record.name.removesuffix('.')} {says[record.kind]} {record.data}\n")
    return 0


def _getent(machine: Interpreter, argv: list[str]) -> int:
    """``getent hosts NAME`` and ``getent ahosts NAME``."""
    if len(argv) < 3 or argv[1] not in {"hosts", "ahosts", "ahostsv4"}:
        return 1
    text = machine.files.get("/etc/hosts", "")
    known = [line.split() for line in text.splitlines() if argv[2] in line.split()[1:] and not line.startswith("#")]
    if known:
        pairs = [(line[0], "  ".join(line[1:])) for line in known]
    else:
        found = machine.lookup(argv[2], "A")
        if found.answer.code == NO_SERVER:
            machine.at_ms += 4 * ATTEMPT_MS
        last = found.answer.records[-1].name.removesuffix(".") if found.answer.records else ""
        alias = f"  {argv[2]}" if last and last.partition(".")[0] != argv[2].partition(".")[0] else ""
        pairs = [(address, last + alias) for address in found.answer.addresses()]
    if not pairs:
        return 2
    if argv[1] == "hosts":
        machine.write("".join(f"{address:<15} {names}\n" for address, names in pairs))
        return 0
    for address, names in pairs:
        machine.write(f"{address:<15} STREAM {names.split()[0]}\n{address:<15} DGRAM  \n{address:<15} RAW    \n")
    return 0


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)


def _reversed(text: str) -> str:
    """The name that an address is looked up by; other names stay."""
    return f"{'.'.join(reversed(text.split('.')))}.in-addr.arpa." if _is_address(text) else text


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "nslookup": _nslookup, "dig": _dig, "host": _host, "getent": _getent,
}  # fmt: skip
