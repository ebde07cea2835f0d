"""``kubetui helm registry``: logins at OCI registries."""

import sys
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.index import log_line
from kubesim.helm.repository.registry.exchange import Credentials
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.references import complain, exact_words, options_of, settings_of
from kubetui.cli.helm.repositories import ask_password
from kubetui.repositories.registries import RegistryClient

USAGE: Final = "registry login|logout"
LOGIN_USAGE: Final = "registry login [host] [flags]"
LOGOUT_USAGE: Final = "registry logout [host] [flags]"
LOGIN_FLAGS: Final = {
    "ca-file": Flag(TEXT),
    "cert-file": Flag(TEXT),
    "insecure": Flag(SWITCH),
    "key-file": Flag(TEXT),
    "password": Flag(TEXT, "p"),
    "password-stdin": Flag(SWITCH),
    "plain-http": Flag(SWITCH),
    "username": Flag(TEXT, "u"),
}


def run(parsed: Parsed) -> int:
    """Say which commands there are."""
    from kubetui.cli.helm.groups import group

    return group("registry", parsed)


def login(parsed: Parsed) -> int:
    """Check a login and remember it."""
    host = exact_words(parsed, "registry login", LOGIN_USAGE, 1, 1000)[0]
    credentials = _credentials(parsed)
    first, slash, _ = host.partition("/")
    if slash:
        message = "registry login currently only supports registry hostname, not a repository path"
        complain(log_line(message, host=host, suggested=first))
    options = options_of(parsed)._replace(insecure_skip_tls_verify=parsed.on("insecure"), username="", password="")
    RegistryClient(options, settings_of(parsed)).login(host, credentials)
    print("Login Succeeded")
    return 0


def _credentials(parsed: Parsed) -> Credentials:
    username, password = parsed.text("username"), parsed.text("password")
    if parsed.on("password-stdin"):
        password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    elif password:
        complain(log_line("using --password via the CLI is insecure. Use --password-stdin"))
    elif username:
        password = ask_password("Password: ")
        if not password:
            raise ChartError("password required")
    else:
        if not sys.stdin.isatty():
            print("Username: ", end="")
            raise ChartError("unexpected newline")
        username = input("Username: ")
        password = ask_password("Password: " if username else "Token: ")
        if not password:
            raise ChartError("password required" if username else "token required")
    return Credentials(username, password)


def logout(parsed: Parsed) -> int:
    """Forget a login."""
    host = exact_words(parsed, "registry logout", LOGOUT_USAGE, 1, 1000)[0]
    RegistryClient(options_of(parsed), settings_of(parsed)).logout(host)
    print(f"Removing login credentials for {host}")
    return 0
