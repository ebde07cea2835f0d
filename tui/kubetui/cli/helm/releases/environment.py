"""``helm env``."""

import os
import sys
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubetui.cli.helm.flags import Parsed
from kubetui.cli.helm.references import SETTING_FLAGS, settings_of
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS
from kubetui.cli.helm.releases.flags import max_history
from kubetui.cli.helm.releases.session import Session, overrides_of
from kubetui.repositories.settings import homes

USAGE: Final = "env [flags]"
FLAGS: Final = {**SETTING_FLAGS, **CLUSTER_FLAGS}


def run(parsed: Parsed) -> int:
    """Print the settings, or the one that is named."""
    if len(parsed.words) > 1:
        raise ChartError(f'"helm env" accepts at most 1 argument\n\nUsage:  helm {USAGE}')
    settings = _settings(parsed)
    if parsed.words:
        print(settings.get(parsed.words[0], ""))
        return 0
    for name in sorted(settings):
        print(f'{name}="{settings[name]}"')
    return 0


def _settings(parsed: Parsed) -> dict[str, str]:
    session = Session(parsed)
    overrides, files, folders = overrides_of(parsed), settings_of(parsed), homes()
    plugins = os.environ.get("HELM_PLUGINS") or os.path.join(folders["HELM_DATA_HOME"], "plugins")
    kubeconfig = parsed.text("kubeconfig")
    found = {
        **folders,
        "HELM_BIN": sys.argv[0],
        "HELM_BURST_LIMIT": parsed.text("burst-limit") or os.environ.get("HELM_BURST_LIMIT") or "100",
        "HELM_CONTENT_CACHE": files.content_cache,
        "HELM_DEBUG": "true" if session.debug else "false",
        "HELM_KUBEAPISERVER": overrides.server,
        "HELM_KUBEASGROUPS": ",".join(overrides.groups),
        "HELM_KUBEASUSER": overrides.user,
        "HELM_KUBECAFILE": overrides.ca_file,
        "HELM_KUBECONTEXT": overrides.context,
        "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true" if overrides.insecure else "false",
        "HELM_KUBETLS_SERVER_NAME": overrides.server_name,
        "HELM_KUBETOKEN": overrides.token,
        "HELM_MAX_HISTORY": str(max_history()),
        "HELM_NAMESPACE": session.namespace,
        "HELM_PLUGINS": plugins,
        "HELM_QPS": f"{float(parsed.text('qps') or os.environ.get('HELM_QPS') or 0):.2f}",
        "HELM_REGISTRY_CONFIG": files.registry_config,
        "HELM_REPOSITORY_CACHE": files.repository_cache,
        "HELM_REPOSITORY_CONFIG": files.repository_config,
    }
    return {**found, "KUBECONFIG": kubeconfig} if kubeconfig else found
