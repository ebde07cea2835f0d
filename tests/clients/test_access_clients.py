"""Access through real kubectl: who may do what, acting as others, tokens, certificates, and the texts of refusals."""

# ruff: noqa: E501 - a command line and what it prints stand on one line

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.checks import Check
from clients.test_clients import MANIFESTS, SPEED, environment, failure_of
from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec

BARE = "kubectl --kubeconfig=/dev/null --server=$SERVER --certificate-authority=ca.crt"
ROBOT = "system:serviceaccount:default:robot"
REQUEST = """\
cat > csr.sh <<'END'
openssl req -new -newkey rsa:2048 -nodes -keyout $1.key -subj "/O=$2/CN=$1" 2>/dev/null | base64 -w0 > $1.csr
cat <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: $1}
spec: {request: $(cat $1.csr), signerName: $3, expirationSeconds: 3600, usages: ["$4"]}
YAML
END
echo made"""
CLIENT = "kubernetes.io/kube-apiserver-client"

CHAPTERS: dict[str, list[Check]] = {
    "rights": [
        Check("kubectl auth whoami", r"(?s)Username +kubernetes-admin.*system:masters.*credential-id +\[X509SHA256="),
        Check("kubectl auth can-i '*' '*'", r"^yes"),
        Check("kubectl auth can-i --list", r"(?s)\*\.\* +\[\] +\[\] +\[\*\].*selfsubjectreviews.authentication"),
        Check("kubectl auth can-i get pods --as jane", r"^no", 1),
        Check("kubectl auth whoami --as jane --as-group dev --as-uid u1",
              r"(?s)jane.*UID +u1.*\[dev system:authenticated"),
        Check("kubectl get pods --as jane",
              r'^Error from server \(Forbidden\): pods is forbidden: User "jane" cannot list resource "pods" in API '
              r'group "" in the namespace "default"$', 1),
        Check("kubectl get nodes --as jane", r'cannot list resource "nodes" in API group "" at the cluster scope$', 1),
        Check("kubectl get deploy web -n kube-system --as jane",
              r'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments" in API group "apps" '
              r'in the namespace "kube-system"$', 1),
        Check("kubectl get --raw /metrics --as jane", r'forbidden: User "jane" cannot get path "/metrics"$', 1),
        Check("kubectl get pods --as jane --as-group system:masters", r"No resources found"),
        Check("kubectl create rolebinding jane --clusterrole=edit --user=jane", r"rolebinding.*/jane created"),
        Check("kubectl auth can-i delete secrets --as jane", r"^yes"),
        Check("kubectl auth can-i create roles --as jane", r"^no", 1),
        Check("kubectl auth can-i --list --as jane", r"deployments.apps +\[\] +\[\] +\[.*create.*\]"),
        Check("kubectl create deployment d --image=nginx --as jane", r"deployment.apps/d created"),
        Check("kubectl create clusterrole pods --verb=get --resource=pods --as jane",
              r'User "jane" cannot create resource "clusterroles" in API group "rbac.authorization.k8s.io"', 1),
        Check("kubectl create rolebinding ops --clusterrole=admin --user=ops", r"created"),
        Check("kubectl create role nodes --verb=get --resource=nodes --as ops",
              r'(?s)roles.rbac.authorization.k8s.io "nodes" is forbidden: user "ops" '
              r'\(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], '
              r'Verbs:\["get"\]\}', 1),
        Check("kubectl create rolebinding up --clusterrole=cluster-admin --user=ops --as ops", r"not currently held", 1),
        Check("kubectl create rolebinding ok --clusterrole=view --user=eve --as ops", r"created"),
        Check("kubectl get pods --as eve", r"."),
        Check("kubectl get pods --as jane --as-user-extra scopes=dev", r"."),
        Check("kubectl create clusterrole actor --verb=impersonate --resource=users --resource-name=eve", r"created"),
        Check("kubectl create clusterrolebinding actor --clusterrole=actor --serviceaccount=default:default", r"created"),
        Check(f"{BARE} --token=$(kubectl create token default) --as=eve auth whoami", r"Username +eve"),
        Check(f"{BARE} --token=$(kubectl create token default) --as=root get pods",
              r'users "root" is forbidden: User "system:serviceaccount:default:default" cannot impersonate resource "users" in '
              r'API group "" at the cluster scope', 1),
        Check("kubectl get clusterroles system:node admin -o name", r"clusterrole.rbac.authorization.k8s.io/system:node"),
        Check("kubectl describe clusterrole view", r"(?s)pods +\[\] +\[\] +\[get list watch\]"),
        Check("kubectl get flowschemas exempt", r"exempt +exempt +1 +<none> +\S+ +False"),
    ],
    "reconcile": [
        Check("kubectl create role r -n default --verb=get --resource=pods --dry-run=client -o yaml > r.yaml; kubectl auth reconcile -f r.yaml",
              r"(?s)role.rbac.authorization.k8s.io/r reconciled\s+reconciliation required create\s+missing rules added"),
        Check("kubectl auth reconcile -f r.yaml", r"role.rbac.authorization.k8s.io/r reconciled$"),
        Check("sed -i 's/- get/- get\\n  - list/' r.yaml; kubectl auth reconcile -f r.yaml",
              r"(?s)reconciliation required update.*Verbs:\[list\]"),
        Check("kubectl get role r -o jsonpath='{.rules[*].verbs}'", r"list"),
    ],
    "tokens": [
        Check("kubectl create sa robot", r"serviceaccount/robot created"),
        Check("kubectl create token robot > token; wc -c < token", r"^\d{3,}"),
        Check(f"{BARE} --token=$(cat token) auth whoami",
              rf"(?s)Username +{ROBOT}.*UID +\S+.*\[system:serviceaccounts system:serviceaccounts:default "
              r"system:authenticated\].*credential-id +\[JTI="),
        Check(f"{BARE} --token=$(cat token) get pods", rf'User "{ROBOT}" cannot list resource "pods"', 1),
        Check("kubectl create rolebinding robot --clusterrole=view --serviceaccount=default:robot", r"created"),
        Check(f"{BARE} --token=$(cat token) get pods", r"No resources found"),
        Check(f"{BARE} --token=$(cat token) get secrets", rf'User "{ROBOT}" cannot list resource "secrets"', 1),
        Check(f"{BARE} --token=$(cat token)x get pods", r"You must be logged in to the server \(Unauthorized\)", 1),
        Check(f"{BARE} --token=$(kubectl create token robot --audience=vault) get pods", r"\(Unauthorized\)", 1),
        Check("kubectl create token robot --duration=5m", r"may not specify a duration less than 10 minutes", 1),
        Check("kubectl create token nobody", r'failed to create token: serviceaccounts "nobody" not found', 1),
        Check("kubectl run p --image=nginx; kubectl wait --for=condition=Ready pod/p --timeout=30s", r"condition met"),
        Check("kubectl exec p -- cat /var/run/secrets/kubernetes.io/serviceaccount/token > pod-token; wc -c < pod-token", r"^\d{3,}"),
        Check(f"{BARE} --token=$(cat pod-token) auth whoami", r"(?s)default:default.*node-name +\[node-.*pod-name +\[p\]"),
        Check("kubectl exec p -- cat /var/run/secrets/kubernetes.io/serviceaccount/ca.crt | diff - ca.crt && echo same", r"^same"),
        Check("kubectl create token default --bound-object-kind=Pod --bound-object-name=p > bound", r"^$"),
        Check(f"{BARE} --token=$(cat bound) auth whoami", r"pod-name +\[p\]"),
        Check("kubectl delete pod p --now", r"deleted"),
        Check(f"{BARE} --token=$(cat bound) auth whoami", r"\(Unauthorized\)", 1),
        Check(f"{BARE} --token=$(cat pod-token) auth whoami", r"\(Unauthorized\)", 1),
        Check("kubectl apply -f - <<< '{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: "
              "s, annotations: {kubernetes.io/service-account.name: robot}}}'", r"secret/s created"),
        Check("sleep 0.5; kubectl get secret s -o jsonpath='{.data.token}' | base64 -d > old-token; wc -c < old-token", r"^\d{3,}"),
        Check(f"{BARE} --token=$(cat old-token) auth whoami", rf"Username +{ROBOT}"),
        Check("kubectl delete secret s", r"deleted"),
        Check(f"{BARE} --token=$(cat old-token) auth whoami", r"\(Unauthorized\)", 1),
        Check("kubectl delete sa robot", r"deleted"),
        Check(f"{BARE} --token=$(cat token) get pods", r"\(Unauthorized\)", 1),
    ],
    "certificates": [
        Check(REQUEST, r"made"),
        Check(f"bash csr.sh jane dev {CLIENT} 'client auth' | kubectl apply -f -", r"certificatesigningrequest.*/jane created"),
        Check("kubectl get csr", rf"jane +\S+ +{CLIENT} +kubernetes-admin +60m +Pending"),
        Check("kubectl certificate approve jane", r"certificatesigningrequest.certificates.k8s.io/jane approved"),
        Check("kubectl wait --for=jsonpath='{.status.certificate}' csr/jane --timeout=10s", r"condition met"),
        Check("kubectl get csr jane", r"Approved,Issued"),
        Check("kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d > jane.crt; openssl x509 -in jane.crt "
              "-noout -subject -ext extendedKeyUsage", r"(?s)O = dev, CN = jane.*TLS Web Client Authentication"),
        Check(f"{BARE} --client-certificate=jane.crt --client-key=jane.key auth whoami", r"(?s)Username +jane.*\[dev system:auth"),
        Check(f"{BARE} --client-certificate=jane.crt --client-key=jane.key get pods", r'User "jane" cannot list', 1),
        Check("kubectl describe csr jane", r"(?s)Requesting User: +kubernetes-admin.*Common Name: +jane"),
        Check(f"bash csr.sh mal dev {CLIENT} 'client auth' | kubectl apply -f -; kubectl certificate deny mal", r"mal denied"),
        Check("kubectl get csr mal", r"Denied"),
        Check(f"bash csr.sh odd dev {CLIENT} 'server auth' | kubectl apply -f -; kubectl certificate approve odd; sleep 0.5; "
              "kubectl get csr odd", r"Approved,Failed"),
        Check("bash csr.sh node-9 system:nodes kubernetes.io/kubelet-serving 'server auth' | kubectl apply -f -; kubectl "
              "certificate approve node-9; sleep 0.5; kubectl get csr node-9 -o jsonpath='{.status.conditions[1].message}'",
              r"subject common name does not begin with system:node:"),
        Check("kubectl create clusterrole csrs --verb='*' --resource=certificatesigningrequests,certificatesigningrequests/approval;"
              "kubectl create clusterrolebinding csrs --clusterrole=csrs --user=ann", r"created"),
        Check(f"bash csr.sh tim dev {CLIENT} 'client auth' | kubectl apply -f -; kubectl certificate approve tim --as ann",
              rf'user not permitted to approve requests with signerName "{CLIENT}"', 1),
        Check(f"bash csr.sh root system:masters {CLIENT} 'client auth' | kubectl create -f - --as ann",
              rf"use of {CLIENT} signer with system:masters group is not allowed", 1),
    ],
}  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    cluster = Cluster(Settings(name="access", epoch_ms=int(time.time()) * 1000))
    for number in (1, 2):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    found = Served(cluster, tmp_path / "server", speed=SPEED, anonymous=False)
    yield found
    found.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_access_with_real_clients(chapter: str, served: Served, programs: Path, tmp_path: Path):
    folder = tmp_path / "work"
    shutil.copytree(MANIFESTS, folder)
    shutil.copy(served.folder / "ca.crt", folder)
    variables = environment(served, programs, tmp_path)
    wrong = [text for check in CHAPTERS[chapter] if (text := failure_of(check, folder, variables))]
    assert not wrong, "\n\n" + "\n".join(wrong)
