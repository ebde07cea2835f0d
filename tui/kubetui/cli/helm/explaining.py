"""What ``kubetui helm COMMAND --help`` says: the command in a sentence, and each of its flags in a few words."""

from collections.abc import Mapping
from typing import Final

from kubetui.cli.helm.flags import SWITCH, Flag
from kubetui.cli.helm.groups import GROUPS

COMMANDS: Final = {
    "create": "Make the folder NAME with a chart in it: a Deployment, a Service and the usual files.",
    "dependency": "Manage the charts that a chart depends on.",
    "env": "Print Helm's settings and where its files are.",
    "get": "Print what is kept of a release.",
    "history": "List the revisions of a release.",
    "inspect": "Print parts of a chart; an older name of show.",
    "install": "Install a chart into the cluster that the kubeconfig names.",
    "lint": "Look for mistakes in charts.",
    "list": "List releases, those of one namespace unless -A is given.",
    "package": "Pack charts into archives.",
    "pull": "Download a chart from a repository, a URL or a registry.",
    "push": "Upload a packed chart to a registry.",
    "registry": "Log in to registries, and out.",
    "repo": "Manage chart repositories.",
    "rollback": "Bring back an earlier revision of a release; without a number the one before.",
    "search": "Search for charts.",
    "show": "Print parts of a chart.",
    "status": "Show the state, the objects and the notes of a release.",
    "template": "Render a chart and print the manifests; no cluster is needed.",
    "test": "Run the tests of a release.",
    "uninstall": "Delete releases and what they installed.",
    "upgrade": "Change a release to another chart, version or values.",
    "version": "Print the version of Helm that is stood in for.",
}

FLAGS: Final = {
    "all": "all values, with those that the chart sets itself",
    "all-namespaces": "the releases of all namespaces",
    "allow-deprecated-repos": "allow repositories that are known to be gone",
    "api-versions": "API versions that .Capabilities.APIVersions has beside the usual ones",
    "app-version": "write this appVersion into the packed chart",
    "atomic": "older name of --rollback-on-failure",
    "burst-limit": "accepted; the client is not throttled",
    "ca-file": "trust servers that this CA bundle vouches for",
    "cascade": "how dependents are deleted: background, orphan or foreground",
    "cert-file": "show this client certificate to servers",
    "cleanup-on-fail": "when it fails, delete what it newly created",
    "color": "colours in tables: never, auto or always",
    "colour": "the same as --color",
    "content-cache": "folder of the cached charts",
    "create-namespace": "create the namespace when it is missing",
    "date": "sort by the time of the last change",
    "dependency-update": "fetch missing dependencies first",
    "deployed": "releases that are deployed",
    "description": "a remark that the history shows",
    "destination": "folder to write to",
    "devel": "prereleases too",
    "disable-openapi-validation": "do not check the manifests against the cluster's schema",
    "dry-run": "only show what would be done: client, server or none",
    "endpoint": "address of the hub",
    "enable-dns": "let templates look up names",
    "fail-on-no-result": "fail when nothing is found",
    "failed": "releases that failed",
    "filter": "only those that match",
    "force": "older name of --force-replace",
    "force-conflicts": "take fields over from other managers",
    "force-replace": "replace objects instead of patching them",
    "force-update": "replace a repository of the same name",
    "generate-name": "make up a name; NAME is left out then",
    "hide-notes": "do not print the notes",
    "hide-secret": "do not print Secrets in a dry run",
    "history-max": "how many revisions are kept; 0 for all",
    "ignore-not-found": "a release that is not there counts as uninstalled",
    "include-crds": "print the chart's CustomResourceDefinitions too",
    "insecure": "do not check the registry's certificate",
    "insecure-skip-tls-verify": "do not check the server's certificate",
    "install": "install the release when it is not there",
    "is-upgrade": "set .Release.IsUpgrade instead of .Release.IsInstall",
    "json": "write JSON",
    "keep-history": "keep the revisions, so that a rollback can bring it back",
    "key-file": "the key of --cert-file",
    "keyring": "where public keys are",
    "kube-apiserver": "address of the API server",
    "kube-as-group": "act as a member of this group; may be repeated",
    "kube-as-user": "act as this user",
    "kube-ca-file": "trust the API server that this CA vouches for",
    "kube-context": "context of the kubeconfig to use",
    "kube-insecure-skip-tls-verify": "do not check the API server's certificate",
    "kube-tls-server-name": "the name that the API server's certificate must have",
    "kube-token": "bearer token to authenticate with",
    "kube-version": "the Kubernetes version that charts see",
    "kubeconfig": "path of the kubeconfig",
    "labels": "labels of the release, between commas: key=value",
    "list-repo-url": "print the repository of each chart too",
    "logs": "print the logs of the test pods",
    "max": "at most so many",
    "max-col-width": "widest column of the table",
    "merge": "add to this index file",
    "name-template": "template of the name that is made up",
    "no-headers": "no titles above the table",
    "no-hooks": "do not run hooks",
    "offset": "start at this one of the list",
    "output": "table, json or yaml",
    "output-dir": "write files into this folder instead of printing",
    "pass-credentials": "send the password to other hosts as well",
    "password": "password, or token of a registry",
    "password-stdin": "read the password from the standard input",
    "pending": "releases that are being changed",
    "plain-http": "no TLS",
    "post-renderer": "program that the manifests are passed through",
    "post-renderer-args": "argument for it; may be repeated",
    "prov": "fetch the provenance file, do not check it",
    "qps": "accepted; the client is not throttled",
    "quiet": "only warnings and errors",
    "regexp": "the keyword is a regular expression",
    "registry-config": "file with the logins at registries",
    "release-name": "put the release's name into the paths of --output-dir",
    "render-subchart-notes": "print the notes of subcharts too",
    "replace": "use the name of a release that was uninstalled and kept",
    "repo": "URL of the repository that has the chart",
    "repository-cache": "folder of the cached indexes",
    "repository-config": "file with the repositories",
    "reset-then-reuse-values": "the new chart's values, then those of the last revision, then the given ones",
    "reset-values": "forget the values of the last revision",
    "reuse-values": "begin with the values of the last revision",
    "reverse": "turn the order around",
    "revision": "this revision instead of the last",
    "rollback-on-failure": "undo everything when it fails; implies --wait",
    "selector": "only releases with these labels",
    "server-side": "apply in the server: true, false or auto",
    "set": "set values: key=value,a.b=c,list={x,y}; may be repeated",
    "set-file": "set a value to what a file holds: key=path",
    "set-json": 'set values from JSON: key={"a":1}',
    "set-literal": "set a value as it stands, commas and all: key=value",
    "set-string": "set values that stay strings: key=value",
    "short": "only the names, or the number",
    "show-only": "print only what this template renders; may be repeated",
    "show-rollback-revision": "a column with the revision that was rolled back to",
    "skip-crds": "do not install CustomResourceDefinitions",
    "skip-refresh": "do not fetch the indexes anew",
    "skip-schema-validation": "do not check values against values.schema.json",
    "skip-tests": "leave tests out",
    "strict": "warnings are failures",
    "superseded": "revisions that others have followed",
    "take-ownership": "take over objects that belong to no release, or to another",
    "template": "Go template for the output",
    "time-format": "how times are written, as Go's layouts say",
    "timeout": "how long one step may take: 300s, 5m",
    "uninstalled": "releases that were uninstalled and kept",
    "uninstalling": "releases that are being uninstalled",
    "untar": "unpack the chart",
    "untardir": "folder to unpack it into",
    "url": "URL of the repository that the index is for",
    "username": "user name",
    "values": "a file with values; the last of several wins",
    "verify": "refused: there is no OpenPGP here",
    "version": "version of the chart, or a range: ^1.2",
    "versions": "every version of each chart",
    "wait": "wait until all is ready: watcher, hookOnly or legacy",
    "wait-for-jobs": "with --wait: until Jobs are complete too",
    "with-subcharts": "dependencies too",
}


def explanation(command: str, usage: str, own: Mapping[str, Flag]) -> str:
    """The help of a command; ``usage`` is its line after the program's name, ``own`` are its flags."""
    first, _, second = command.partition(" ")
    meaning = GROUPS.get(first, {}).get(second, "")
    sentence = f"{meaning[:1].upper()}{meaning[1:]}." if meaning else COMMANDS[first]
    lines = [sentence, "", f"Usage:  kubetui helm {usage}"]
    if first in GROUPS and not second:
        width = max(map(len, GROUPS[first]))
        lines += ["", "Commands:", *(f"  {name.ljust(width)}   {text}" for name, text in GROUPS[first].items())]
    if own:
        named = {_named(name, flag): FLAGS.get(name, "") for name, flag in sorted(own.items())}
        width = max(map(len, named))
        lines += ["", "Flags:", *(f"  {name.ljust(width)}   {text}".rstrip() for name, text in named.items())]
    if any(name.startswith("kube") for name in own):
        return "\n".join(lines)
    return "\n".join([*lines, "", "Everywhere: -n, --namespace, --kubeconfig, --kube-context, --debug"])


def _named(name: str, flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    return f"{short}--{name}" if flag.kind == SWITCH else f"{short}--{name} {flag.kind}"
