"""Runs the plans that talk to OCI registries: whose credentials they use and which transport carries them."""

from collections.abc import Generator
from typing import TypeVar

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry import plans
from kubesim.helm.repository.registry.exchange import Conversation, Credentials, HttpReply, HttpRequest
from kubesim.helm.repository.registry.plans import Pulled, Registry, Upload
from kubesim.helm.repository.registry.references import Reference, check_registry, parse_reference, wish_of
from kubetui.repositories import ChartOptions
from kubetui.repositories.credentials import forget, save, stored
from kubetui.repositories.settings import Settings
from kubetui.repositories.transport import Security, Transport

Result = TypeVar("Result")


class RegistryClient:
    """Talks to registries with one user's options."""

    def __init__(self, options: ChartOptions, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        security = Security(options.ca_file, options.cert_file, options.key_file, options.insecure_skip_tls_verify)
        self.transport = Transport(security, options.timeout)

    def run(self, plan: Generator[HttpRequest, HttpReply, Result]) -> Result:
        """Carry out a plan; what the transport cannot do is thrown into it, so that it can say what it was doing."""
        try:
            request = next(plan)
            while True:
                try:
                    reply = self.transport.send(request)
                except ChartError as error:
                    request = plan.throw(error)
                else:
                    request = plan.send(reply)
        except StopIteration as done:
            result: Result = done.value
            return result

    def registry(self, host: str, name: str, credentials: Credentials | None = None) -> Registry:
        """The registry of a host; ``name`` is what logins are stored under."""
        scheme = "http" if self.options.plain_http else "https"
        if credentials is None:
            credentials = stored(name, self.settings.registry_config)
            if self.options.username and self.options.password:
                credentials = Credentials(self.options.username, self.options.password)
        return Registry(f"{scheme}://{host}", Conversation(credentials))

    def find(self, text: str, version: str) -> Reference:
        """The reference to a chart in the version that was asked for."""
        wish = wish_of(text, version)
        registry = self.registry(wish.reference.host, wish.reference.registry)
        return self.run(plans.find(registry, wish, text))

    def versions(self, text: str) -> list[str]:
        """The versions of a chart, newest first."""
        reference = parse_reference(text)
        return self.run(plans.tags(self.registry(reference.host, reference.registry), reference.repository))

    def pull(self, reference: Reference, provenance: bool = False) -> Pulled:
        """The chart."""
        return self.run(plans.pull(self.registry(reference.host, reference.registry), reference, provenance))

    def push(self, reference: Reference, upload: Upload) -> str:
        """Upload a chart; returns its digest."""
        return self.run(plans.push(self.registry(reference.host, reference.registry), reference, upload))

    def login(self, name: str, credentials: Credentials) -> None:
        """Check a login and remember it."""
        check_registry(name)
        host = Reference(name, "").host
        self.run(plans.login(self.registry(host, name, credentials), name))
        save(name, credentials, self.settings.registry_config)

    def logout(self, name: str) -> None:
        """Forget a login."""
        forget(name, self.settings.registry_config)
