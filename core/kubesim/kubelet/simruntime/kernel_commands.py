"""Commands about the kernel, its network interfaces and privileges: sysctl, ip, ifconfig, nnp."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.interpreter import Interpreter

FOLDER = "/proc/sys/"
NET_ADMIN = "\x00net-admin"
"""The variable that says that network interfaces may be changed."""
NO_NEW_PRIVILEGES = "\x00no-new-privileges"
"""The variable that says that programs of another user run as who starts them."""
_CHANGES = frozenset({"add", "del", "delete", "set", "change", "replace", "flush"})


def _sysctl(machine: Interpreter, argv: list[str]) -> int:
    """Show parameters by name, or all of them (-a); ``-n`` shows values alone."""
    flags = "".join(word for word in argv[1:] if word.startswith("-"))
    names = [word for word in argv[1:] if not word.startswith("-")]
    if "a" in flags:
        names = sorted(path[len(FOLDER) :].replace("/", ".") for path in machine.files if path.startswith(FOLDER))
    status = 0
    for word in names:
        name, assigned, _ = word.replace("/", ".").partition("=")
        text = machine.files.get(FOLDER + name.replace(".", "/"))
        if text is None:
            machine.complain(f"sysctl: error: '{name}' is an unknown key\n")
            status = 1
        elif assigned:
            machine.complain(f"sysctl: error setting key '{name}': Read-only file system\n")
            status = 1
        else:
            machine.write(text if "n" in flags else f"{name} = {text}")
    return status


def _address(machine: Interpreter) -> str:
    """The address that /etc/hosts has for the container's own name."""
    lines = [line.split() for line in machine.files.get("/etc/hosts", "").splitlines()]
    own = [words[0] for words in lines if machine.surroundings.hostname in words[1:]]
    return own[0] if own else ""


def _links(address: str) -> str:
    text = (
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n"
        "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
    )
    text += "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n" if address else ""
    text += "2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue \n"
    text += "    link/ether 02:42:0a:f4:00:02 brd ff:ff:ff:ff:ff:ff\n"
    if address:
        text += f"    inet {address}/24 brd {address.rpartition('.')[0]}.255 scope global eth0\n"
        text += "       valid_lft forever preferred_lft forever\n"
    return text


def _ip(machine: Interpreter, argv: list[str]) -> int:
    """``ip link``, ``ip addr`` and ``ip route``: shown to all, changed by who may."""
    words = [word for word in argv[1:] if not word.startswith("-")] or ["help"]
    topic = words[0]
    if len(words) > 1 and words[1] in _CHANGES:
        if machine.variables.get(NET_ADMIN):
            return 0
        machine.complain("ip: RTNETLINK answers: Operation not permitted\n")
        return 1
    address = _address(machine)
    if "link".startswith(topic):
        machine.write(_links(""))
    elif "address".startswith(topic):
        machine.write(_links(address))
    elif "route".startswith(topic):
        gateway = f"{address.rpartition('.')[0]}.1"
        machine.write(f"default via {gateway} dev eth0 \n" if address else "")
    else:
        machine.complain(f"ip: invalid argument '{topic}' to 'ip'\n")
        return 1
    return 0


def _ifconfig(machine: Interpreter, argv: list[str]) -> int:
    del argv
    address = _address(machine)
    machine.write(
        "eth0      Link encap:Ethernet  HWaddr 02:42:0A:F4:00:02  \n"
        f"          inet addr:{address}  Bcast:{address.rpartition('.')[0]}.255  Mask:255.255.255.0\n"
        "          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\n"
        "lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n"
        "          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n"
    )
    return 0


def _nnp(machine: Interpreter, argv: list[str]) -> int:
    """The program of the end-to-end tests that belongs to root and says as whom it runs."""
    del argv
    machine.write(f"Effective uid: {machine.person.user if machine.variables.get(NO_NEW_PRIVILEGES) else 0}\n")
    return 0


COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "sysctl": _sysctl, "ip": _ip, "ifconfig": _ifconfig, "/nnp": _nnp,
}  # fmt: skip
