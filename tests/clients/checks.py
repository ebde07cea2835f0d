"""What real kubectl and helm must print: chapters of commands, each chapter on a fresh cluster of three nodes."""

from typing import NamedTuple


class Check(NamedTuple):
    """One command line for bash, its exit code, and a regular expression that its output must match."""

    command: str
    output: str
    code: int = 0


def patched(patch: str) -> str:
    return f"kubectl patch deploy web -p '{patch}'"


POD = "$(kubectl get pod -l app=web -o jsonpath='{.items[0].metadata.name}')"
WEB = [
    Check("kubectl apply -f dep.yaml", r"deployment.apps/web created"),
    Check("kubectl rollout status deploy/web --timeout=30s", r'deployment "web" successfully rolled out'),
]
BAD_POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"Bad_Name"},"spec":{"containers":[{"name":"a"}]}}'
ENV = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"B","value":"2"}]}]}}}}'

CHAPTERS: dict[str, list[Check]] = {
    "discovery": [
        Check("kubectl version", r"Server Version: v1\.\d+"),
        Check("kubectl api-versions", r"(?s)apps/v1.*v1"),
        Check("kubectl api-resources", r"deployments +deploy +apps/v1 +true +Deployment"),
        Check("kubectl cluster-info", r"control plane.* is running at"),
        Check("kubectl auth whoami", r"kubernetes-admin"),
        Check("kubectl auth can-i create pods", r"^yes"),
        Check("kubectl get --raw /healthz", r"^ok"),
        Check("kubectl get nodes", r"NAME +STATUS +ROLES +AGE +VERSION"),
        Check("kubectl get nodes -o wide", r"node-3 +Ready"),
        Check("kubectl explain deploy.spec.strategy", r"FIELDS:"),
        Check("kubectl explain pod.spec.containers.ports --recursive", r"containerPort"),
        Check("kubectl get nosuch", r'the server doesn\'t have a resource type "nosuch"', 1),
        Check("kubectl --token=wrong --certificate-authority=ca.crt --server=$SERVER --kubeconfig=/dev/null get pods",
              r"You must be logged in to the server \(Unauthorized\)", 1),
    ],
    "create": [
        Check("kubectl create -f cm.yaml", r"configmap/cm1 created"),
        Check("kubectl create -f cm.yaml",
              r'\(AlreadyExists\): error when creating "cm.yaml": configmaps "cm1" already exists', 1),
        Check("kubectl create deployment d1 --image=nginx:1 --replicas=1 --port=80", r"deployment.apps/d1 created"),
        Check("kubectl create deployment d1 --image=x",
              r'error: failed to create deployment: deployments.apps "d1" already exists', 1),
        Check("kubectl create secret generic s1 --from-literal=p=q", r"secret/s1 created"),
        Check("kubectl get secret s1 -o jsonpath={.data.p}", r"cQ=="),
        Check("kubectl create ingress i1 --rule='foo.com/*=svc1:80'", r"ingress.networking.k8s.io/i1 created"),
        Check("kubectl get ing i1 -o json", r'"pathType": "Prefix"'),
        Check("kubectl create cronjob c1 --image=b --schedule='*/5 * * * *' -- date", r"cronjob.batch/c1 created"),
        Check("kubectl create quota q1 --hard=pods=10", r"resourcequota/q1 created"),
        Check("kubectl create role r1 --verb=get --resource=pods", r"role.rbac.authorization.k8s.io/r1 created"),
        Check("kubectl create rolebinding b1 --role=r1 --user=ann", r"rolebinding.*/b1 created"),
        Check("kubectl create pdb p1 --selector=app=d1 --min-available=1", r"poddisruptionbudget.policy/p1 created"),
        Check("kubectl create service clusterip s1 --tcp=80:80", r"service/s1 created"),
        Check("kubectl create sa a1", r"serviceaccount/a1 created"),
        Check("kubectl create priorityclass p1 --value=5", r"priorityclass.scheduling.k8s.io/p1 created"),
        Check("kubectl create token a1", r"^ey[\w-]+\.ey[\w-]+\.[\w-]+$"),
        Check(f"echo '{BAD_POD}' | kubectl create -f -", r'The Pod "Bad_Name" is invalid: \n\* ', 1),
        Check("""echo '{"apiVersion":"foo/v1","kind":"Nope","metadata":{"name":"x"}}' | kubectl create -f -""",
              r'no matches for kind "Nope" in version "foo/v1"', 1),
        Check("kubectl apply -f list.yaml", r"(?s)configmap/la created.*configmap/lb created"),
        Check("kubectl create configmap dry --from-literal=a=b --dry-run=server -o name", r"^configmap/dry"),
        Check("kubectl get cm dry", r'configmaps "dry" not found', 1),
    ],
    "jobs": [
        Check("kubectl create job j1 --image=busybox -- echo hi", r"job.batch/j1 created"),
        Check("kubectl wait --for=condition=complete job/j1 --timeout=20s", r"job.batch/j1 condition met"),
        Check("kubectl logs job/j1", r"^hi"),
    ],
    "apply": [
        *WEB,
        Check("kubectl apply -f dep.yaml", r"deployment.apps/web unchanged"),
        Check("kubectl get deploy web", r"web +2/2 +2 +2 "),
        Check('kubectl diff -f dep2.yaml | sed "s/^\\([-+]\\) */\\1        /"; exit ${PIPESTATUS[0]}',
              r"(?s)-        image: nginx:1.27.*\+        image: nginx:1.28", 1),
        Check("kubectl apply -f bad.yaml", r'strict decoding error: unknown field "spec.bogus"', 1),
        Check("kubectl apply --validate=warn -f bad.yaml", r'Warning: unknown field "spec.bogus"'),
        Check(patched(ENV), r"deployment.apps/web patched"),
        Check('kubectl get deploy web -o jsonpath="{.spec.template.spec.containers[0].env[*].name}"', r"^B A$"),
        Check("""kubectl patch deploy web --type json -p '[{"op":"remove","path":"/spec/nosuch"}]'""",
              r"The request is invalid: the server rejected our request due to an error in our request", 1),
        Check("EDITOR='sed -i s/nginx:1.27/nginx:1.28/' kubectl edit deploy web", r"deployment.apps/web edited"),
        Check("kubectl label deploy web tier=front", r"deployment.apps/web labeled"),
        Check("kubectl annotate deploy web note=x", r"deployment.apps/web annotated"),
        Check("""kubectl get deploy web -o json | sed 's/"resourceVersion": .*/"resourceVersion": "1",/' | """
              "kubectl replace -f -", r"object has been modified; please apply your changes to the latest version", 1),
        Check("kubectl apply -k kz", r"configured|unchanged|created"),
        Check("kubectl delete -f dep.yaml", r'deployment.apps "web" deleted'),
    ],
    "server-side apply": [
        *WEB,
        Check("kubectl apply --server-side --field-manager=other -f ssa1.yaml",
              r"(?s)Apply failed with \d conflict.*Please review the fields above", 1),
        Check("kubectl apply --server-side --field-manager=other --force-conflicts -f ssa1.yaml", r"serverside"),
        Check("kubectl get deploy web -o yaml --show-managed-fields", r"(?s)manager: other\n +operation: Apply"),
    ],
    "rollout": [
        *WEB,
        Check("kubectl scale deploy web --replicas=3", r"deployment.apps/web scaled"),
        Check("kubectl scale deploy web --current-replicas=3 --replicas=2", r"deployment.apps/web scaled"),
        Check("kubectl set image deploy/web nginx=nginx:1.29", r"image updated"),
        Check("kubectl rollout status deploy/web --timeout=30s", r"successfully rolled out"),
        Check("kubectl rollout history deploy web", r"(?s)REVISION +CHANGE-CAUSE.*\n2 "),
        Check("kubectl rollout undo deploy web", r"rolled back"),
        Check("kubectl rollout restart deploy web", r"restarted"),
        Check("kubectl rollout status deploy/web --timeout=30s", r"successfully rolled out"),
        Check("kubectl expose deploy web --port=80 --name=front", r"service/front exposed"),
        Check("kubectl autoscale deploy web --min=1 --max=3 --cpu=80%", r"autoscaled"),
        Check("kubectl get all", r"(?s)pod/web.*service/front.*deployment.apps/web.*replicaset.apps/web"),
    ],
    "sets": [
        Check("kubectl apply -f sts.yaml", r"statefulset.apps/db created"),
        Check("kubectl rollout status sts/db --timeout=20s", r"2 new pods have been updated|rolling update complete"),
        Check("kubectl rollout status ds/ds --timeout=20s", r"successfully rolled out"),
    ],
    "streams": [
        *WEB,
        Check(f"kubectl describe pod {POD}", r"(?s)Name: +web.*Events:.*Scheduled"),
        Check(f"kubectl logs {POD} --tail=1", r"."),
        Check("kubectl logs -l app=web --prefix", r"\[pod/web"),
        Check(f"timeout 1 kubectl logs -f {POD} | head -1", r"."),
        Check(f"kubectl exec {POD} -- echo hello world", r"^hello world\n"),
        Check(f"kubectl exec {POD} -- sh -c 'exit 7'", r"command terminated with exit code 7", 7),
        Check(f"echo from stdin | kubectl exec -i {POD} -- cat", r"^from stdin\n"),
        Check(f"kubectl exec {POD} -c nope -- ls", r"container nope is not valid for pod", 1),
        Check("kubectl exec nopod -- ls", r'pods "nopod" not found', 1),
        Check(f"kubectl cp cm.yaml {POD}:/tmp/f.txt", r"^\s*$"),
        Check(f"KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl exec {POD} -- echo spdy", r"^spdy\n"),
        Check(f"echo in | KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl exec -i {POD} -- cat", r"^in\n"),
        Check(f"KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl exec {POD} -- sh -c 'exit 9'", r"exit code 9", 9),
        Check(f"kubectl port-forward pod/{POD} $PORT:80 >/dev/null & sleep 0.7; "
              "curl -s http://127.0.0.1:$PORT/; curl -s http://127.0.0.1:$PORT/; kill %1", r"(?s)Welcome.*Welcome"),
        Check("KUBECTL_PORT_FORWARD_WEBSOCKETS=false kubectl port-forward deploy/web $PORT:80 >/dev/null & sleep 0.7; "
              "curl -s http://127.0.0.1:$PORT/; kill %1", r"Welcome"),
        Check(f"kubectl get --raw /api/v1/namespaces/default/pods/{POD}:80/proxy/", r"Welcome"),
        Check("kubectl top nodes", r"CPU\(cores\)(?s:.*)node-1 +\d+m"),
        Check("kubectl top pods", r"web-\w+-\w+ +\d+m +\d+Mi"),
    ],
    "watching": [
        Check("timeout 3 kubectl get cm -w & sleep 1; kubectl create cm w1 --from-literal=a=b; "
              "kubectl delete cm w1 --wait=false; wait", r"(?s)configmap/w1 created.*w1 +1 +\d+s"),
        Check("kubectl run r1 --image=x; kubectl delete pod r1", r'pod "r1" deleted'),
        Check("kubectl get pod r1", r'Error from server \(NotFound\): pods "r1" not found', 1),
        Check("kubectl create cm w2; (sleep 0.5; kubectl delete cm w2) & kubectl wait --for=delete cm/w2 --timeout=10s",
              r"configmap/w2 condition met|deleted"),
        Check("kubectl create ns n1; kubectl delete ns n1", r'namespace "n1" deleted'),
        Check("kubectl get events -A", r"LAST SEEN"),
        Check("kubectl run i1 --image=busybox --restart=Never --rm -i -- echo from inside", r"from inside"),
    ],
    "nodes": [
        *WEB,
        Check("kubectl cordon node-1", r"node/node-1 cordoned"),
        Check("kubectl drain node-1 --ignore-daemonsets --force --delete-emptydir-data", r"(?s)already.*drained"),
        Check("kubectl uncordon node-1", r"uncordoned"),
        Check("kubectl taint node node-2 a=b:NoSchedule", r"node/node-2 tainted"),
        Check("kubectl describe node node-2", r"(?s)Taints: +a=b:NoSchedule.*Lease:.*Allocated resources"),
        Check("kubectl wait --for=condition=Nope deploy/web --timeout=1s", r"timed out waiting for the condition", 1),
        Check("kubectl wait --for=condition=Ready node --all --timeout=5s", r"node/node-3 condition met"),
    ],
    "custom resources": [
        Check("kubectl apply -f crd.yaml", r"customresourcedefinition.*created"),
        Check("kubectl wait --for=condition=Established crd/widgets.example.com --timeout=10s", r"condition met"),
        Check("kubectl apply -f cr.yaml", r"widget.example.com/w1 created"),
        Check("kubectl get wd", r"NAME +SIZE.*\nw1 +3"),
        Check("kubectl apply -f crontab-crd.yaml", r"crontabs.stable.example.com created"),
        Check("kubectl wait --for=condition=Established crd --all --timeout=10s", r"crontabs.* condition met"),
        Check("kubectl apply -f crontab.yaml", r"crontab.stable.example.com/my-cron created"),
        Check("kubectl get ct", r"NAME +SPEC +REPLICAS +READY +AGE\nmy-cron +\* \* \* \* \*/5 +1 +\d+s"),
        Check("kubectl explain ct.spec.cronSpec", r"(?s)KIND: +CronTab.*cronSpec <string>.*when"),
        Check("kubectl get ct my-cron -o jsonpath='{.spec.minReplicas}'", r"^1$"),
        Check("sed -i s/my-image/newer/ crontab.yaml; kubectl apply -f crontab.yaml", r"my-cron configured"),
        Check("kubectl diff -f crontab.yaml", r"^$"),
        Check("kubectl scale ct my-cron --replicas=3", r"my-cron scaled"),
        Check("kubectl scale ct my-cron --replicas=0", r"spec.replicas: Forbidden: replicas 0 below 1", 1),
        Check("EDITOR='sed -i s/newer/edited/' kubectl edit ct my-cron", r"my-cron edited"),
        Check("kubectl get ct my-cron -o yaml", r"(?s)generation: 4.*image: edited"),
        Check("""kubectl patch ct my-cron --type=merge -p '{"spec":{"immutable":"y"}}'""",
              r'spec.immutable: Invalid value: "y": is immutable', 1),
        Check("""kubectl patch ct my-cron --type=merge -p '{"spec":{"cronSpec":"x"}}'""",
              r"spec.cronSpec in body should match", 1),
        Check("sed s/image/imago/ crontab.yaml | kubectl apply -f -",
              r'strict decoding error: unknown field "spec.imago"', 1),
        Check("kubectl get ct --field-selector spec.color=red -o name", r"crontab.stable.example.com/my-cron"),
        Check("kubectl get all", r"crontab.stable.example.com/my-cron"),
        Check("kubectl apply --server-side -f crontab.yaml --force-conflicts", r"my-cron serverside-applied"),
        Check("kubectl describe ct my-cron", r"(?s)Kind: +CronTab.*Cron Spec: +\* \*"),
        Check("kubectl delete crd crontabs.stable.example.com", r'"crontabs.stable.example.com" deleted'),
        Check("kubectl api-resources --api-group=stable.example.com", r"^NAME +SHORTNAMES.*KIND\s*$"),
    ],
    "helm": [
        Check("helm create mychart", r"Creating mychart"),
        Check("helm install rel mychart --wait --timeout 40s", r"STATUS: deployed"),
        Check("helm list", r"rel\s+default\s+1\s"),
        Check("helm upgrade rel mychart --set replicaCount=2 --wait --timeout 40s", r"has been upgraded"),
        Check("helm test rel", r"Phase: +Succeeded"),
        Check("helm history rel", r"(?s)1\s.*superseded.*2\s.*deployed"),
        Check("helm rollback rel 1", r"Rollback was a success"),
        Check("helm get metadata rel", r"APPLY_METHOD: server-side apply"),
        Check("helm uninstall rel --wait --timeout 30s", r'release "rel" uninstalled'),
        Check("helm status rel", r"release: not found", 1),
    ],
}  # fmt: skip
"""By name of the chapter."""


FAILING: dict[str, dict[str, str]] = {}
"""Commands that do not work yet, by chapter, and why. A command that comes right must leave the list."""
