"""What people type every day and what real kubectl must print: the examples of its help, and the ways they go wrong."""

from clients.checks import Check

SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"
LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"
WEB = [
    Check("kubectl create deployment web --image=nginx:1.27 --replicas=2 --port=80", r"deployment.apps/web created"),
    Check("kubectl rollout status deploy/web --timeout=30s", r"successfully rolled out"),
]

EVERYDAY: dict[str, list[Check]] = {
    "creating": [
        Check("kubectl create role pod-reader --verb=get --resource=pods --resource-name=a --resource-name=b; "
              "kubectl describe role pod-reader", r"pods +\[\] +\[a\] +\[get\]\n +pods +\[\] +\[b\] +\[get\]"),
        Check("kubectl create clusterrole cl --verb=get,list --resource=rs.apps,pods/status -o yaml",
              r"(?s)- apps\n  resources:\n  - replicasets"),
        Check("kubectl create clusterrole logs --verb=get '--non-resource-url=/logs/*'; "
              "kubectl describe clusterrole logs", r"\[/logs/\*\] +\[\] +\[get\]"),
        Check("kubectl create clusterrole mon --aggregation-rule=rbac.example.com/mon=true -o yaml", r"^rules: null$"),
        Check("kubectl create rolebinding rb --role=pod-reader --serviceaccount=monitoring:dev --user=ann; "
              "kubectl get rolebinding rb -o wide", r"Role/pod-reader +\d+s +ann +monitoring/dev"),
        Check("mkdir d; echo hello > d/a.txt; printf '\\200\\201' > d/bin; kubectl create cm files --from-file=d; "
              "kubectl describe cm files", r"(?s)a.txt:\n----\nhello.*BinaryData\n====\nbin: 2 bytes"),
        Check("printf 'A=1\\nB=two\\n' > e.env; kubectl create cm env --from-env-file=e.env -o jsonpath='{.data}'",
              r'^{"A":"1","B":"two"}$'),
        Check("kubectl create cm hashed --from-literal=a=b --append-hash -o name", r"^configmap/hashed-\w{10}$"),
        Check("kubectl create cm Bad_Name", rf'ConfigMap "Bad_Name" is invalid: metadata.name.*{SUBDOMAIN}', 1),
        Check("kubectl create cronjob cj --image=busybox --schedule='*/1 * * * *' -- date; "
              "kubectl create job j1 --from=cronjob/cj; kubectl describe job j1",
              r"(?s)instantiate: manual.*Controlled By: +CronJob/cj"),
        Check("kubectl create cronjob c2 --image=busybox --schedule='* * * *'",
              r"expected exactly 5 fields, found 4: \[\* \* \* \*\]", 1),
        Check("kubectl create deploy three --image=busybox:latest --image=ubuntu:latest --image=nginx; "
              "kubectl get deploy three -o wide", r"busybox,ubuntu,nginx +busybox:latest,ubuntu:latest,nginx"),
        Check("kubectl create ingress i1 --class=default --default-backend=d:http --rule='foo.com/*=svc:8080,tls=s1'; "
              "kubectl describe ing i1", r'(?s)d:http \(<error: services "d" not found>\).*s1 terminates foo.com'),
        Check("kubectl create ingress i2 --rule='fo_o.com/*=svc:80'",
              rf'spec.rules\[0\].host: Invalid value: "fo_o.com": {SUBDOMAIN}', 1),
        Check("kubectl create pdb p1 --selector=app=nginx --min-available=50%; kubectl get pdb p1",
              r"p1 +50% +N/A +0"),
        Check("kubectl create priorityclass pc --value=2000000001",
              r"value: Forbidden: maximum allowed value of a user defined priority is 1000000000", 1),
        Check("kubectl delete pc system-node-critical",
              r"Forbidden.*this is a system priority class and cannot be deleted", 1),
        Check("kubectl create quota q1 --hard=pods=100 --scopes=BestEffort", r"resourcequota/q1 created"),
        Check("kubectl create quota q2 --hard=cpu=1 --scopes=BestEffort",
              r'spec.scopes: Invalid value: \["BestEffort"\]: unsupported scope applied to resource', 1),
        Check("kubectl create quota q3 --hard=pods=1 --scopes=BestEffort,NotBestEffort", r"conflicting scopes", 1),
        Check("kubectl create secret docker-registry reg --docker-username=u --docker-password=p; "
              "kubectl get secret reg", r"reg +kubernetes.io/dockerconfigjson +1 "),
        Check("kubectl create secret generic ba --type=kubernetes.io/basic-auth",
              r"data\[username\]: Required value, data\[password\]: Required value", 1),
        Check("kubectl create service clusterip none --clusterip=None; kubectl describe svc none",
              r"(?s)IP: +None\nIPs: +None"),
        Check("kubectl create service clusterip taken --clusterip=10.96.0.10 --tcp=1",
              r'spec.clusterIPs: Invalid value: \["10.96.0.10"\]: failed to allocate IP.*already allocated', 1),
        Check("kubectl create service clusterip My-svc --tcp=1",
              rf'metadata.name: Invalid value: "My-svc": {LABEL}', 1),
        Check("kubectl create service clusterip 1st --tcp=1", r"service/1st created"),
        Check("kubectl create service externalname out --external-name bar.com; kubectl get svc out; sleep 0.5; "
              "kubectl get endpointslices", r"out +ExternalName +<none> +bar.com +<none>(?s:(?!.*out-\w+))"),
        Check("kubectl create service nodeport np --tcp=5678:8080 --node-port=99",
              r"spec.ports\[0\].nodePort: Invalid value: 99: provided port is not in the valid range", 1),
        Check("kubectl create sa robot; kubectl create token robot --duration 1m",
              r"may not specify a duration less than 10 minutes", 1),
        Check("kubectl create token robot --bound-object-kind Secret --bound-object-name no",
              r'secrets "no" not found', 1),
        Check("kubectl create token robot --duration 1h -o yaml", r"(?s)kind: TokenRequest.*expirationSeconds: 3600"),
        Check("kubectl create job $(printf 'a%.0s' $(seq 70)) --image=x", r"must be no more than 63 bytes", 1),
        Check("printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {generateName: gen-}\\n' | kubectl create -f -",
              r"^configmap/gen-\w{5} created"),
    ],
    "talking": [
        Check("echo hello | kubectl run c1 -i --rm --image=busybox --restart=Never -- cat",
              r'(?s)^hello$.*pod "c1" deleted'),
        Check("printf 'read a; echo got $a\\nworld\\nexit 3\\n' | "
              "kubectl run c2 -i --rm --image=busybox --restart=Never -- sh", r"(?s)^got world$.*terminated", 3),
        Check("printf 'cd /tmp\\nfor i in 1 2; do\\necho round $i\\ndone\\npwd\\n' | "
              "kubectl run c3 -qi --rm --image=busybox --restart=Never", r"^round 1\nround 2\n/tmp$"),
        Check("kubectl run c4 -qi --rm --image=busybox --restart=Never -- echo once 2>&1 | grep -c once", r"^1$"),
        Check("kubectl run c5 --rm --attach --image=busybox --restart=Never -- sh -c 'echo hi; exit 4'",
              r"(?s)^hi$.*pod .*/c5 terminated \(Error\)", 4),
        Check("(sleep 1.5; echo 'echo typed'; sleep 0.3; echo 'sleep 600'; sleep 0.3; printf '\\003'; sleep 0.3; "
              "printf 'exitx\\b 5\\r') | "
              "script -qec 'kubectl run c6 -it --rm --image=busybox --restart=Never' /dev/null",
              r"(?s)/ # echo typed\ntyped\n/ # sleep 600\n\^C\n/ # ", 5),
        Check("kubectl apply -f talk.yaml; kubectl wait --for=condition=Ready pod/talk", r"condition met"),
        Check("echo one | kubectl attach -i talk", r"^got one$"),
        Check("echo two | KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl attach -i talk", r"^got two$"),
        Check("kubectl logs talk", r"^got one\ngot two$"),
        Check("kubectl attach talk -c nope", r"container nope is not valid for pod talk out of: a", 1),
        Check("echo 'echo in debug; hostname' | kubectl debug talk -i --image=busybox -c d1", r"^in debug\ntalk$"),
        Check("kubectl debug talk -i -q --image=busybox -c d2 -- echo once 2>&1 | grep -c once", r"^1$"),
        Check("kubectl debug talk --image=busybox --profile=restricted -c d3 -- sleep 100; kubectl get pod talk -o "
              "jsonpath='{.spec.ephemeralContainers[2].securityContext.capabilities}'", r'{"drop":\["ALL"\]}'),
        Check("kubectl debug talk --image=busybox -c a", r'ephemeralContainers\[3\].name: Duplicate value: "a"', 1),
        Check("kubectl run wait --image=nosuchimage/x; kubectl exec wait -- ls",
              r'^error: Internal error occurred: unable to upgrade connection: container not found \("wait"\)', 1),
        Check("KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl exec wait -- ls",
              r'^error: unable to upgrade connection: container not found \("wait"\)', 1),
        Check("timeout 2 kubectl exec talk -- sh -c 'echo first; sleep 6000; echo last'", r"^first$\s*\Z", 124),
        Check("printf 'b\\na\\n' | kubectl exec -i talk -- sh -c 'cat | sort'", r"^a\nb$"),
        Check("printf 'x y\\nz w\\n' | kubectl exec -i talk -- sh -c 'while read a b; do echo \"$b-$a\"; done'",
              r"^y-x\nw-z$"),
        Check("kubectl exec talk -- env", r"(?s)^PATH=/usr/local/sbin.*^HOSTNAME=talk$.*^HOME=/root$"),
        Check("kubectl cp talk:/nope here", r"tar: /nope: No such file or directory\ntar: error exit delayed"),
        Check("kubectl cp cm.yaml talk:/no/such/", r"tar: can't change directory to '/no'", 1),
        Check("kubectl run done --image=busybox --restart=Never -- true; "
              "kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/done --timeout=20s; kubectl attach done",
              r"cannot attach a container in a completed pod; current phase is Succeeded", 1),
        Check("kubectl get pod -w > seen & sleep 1; kubectl run brief --image=busybox --restart=Never -- true; "
              "kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/brief --timeout=20s; sleep 0.5; kill %1; "
              "grep brief seen",
              r"(?s)brief +0/1 +ContainerCreating(?!.*brief +1/1 +Running).*brief +0/1 +Completed"),
    ],
    "exposing": [
        *WEB,
        Check("kubectl expose deploy web --port=80 --name=w1 --external-ip=1.2.3.4 -o yaml",
              r"(?s)Warning: spec.externalIPs is deprecated.*externalTrafficPolicy: Cluster"),
        Check("kubectl expose deploy web --port=80 --name=w2 --type=LoadBalancer --load-balancer-ip=1.2.3.4",
              r"service/w2 exposed"),
        Check("kubectl expose svc w1 --port=443 --target-port=8443 --name=w3", r"service/w3 exposed"),
        Check("kubectl expose deploy web --port=80 --name=w4 --protocol=Foo",
              r'Unsupported value: "Foo": supported values: "SCTP", "TCP", "UDP"', 1),
        Check("kubectl expose deploy web --name=w5 --port=70000",
              r"\* spec.ports\[0\].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive", 1),
        Check("kubectl get svc w1 -o wide", r"w1 +ClusterIP +[\d.]+ +1.2.3.4 +80/TCP"),
        Check("kubectl port-forward svc/w1 $PORT:81", r"does not have a service port 81", 1),
        Check("kubectl port-forward deploy/web $PORT:9 & curl -s --retry 9 --retry-delay 1 --retry-connrefused "
              "localhost:$PORT; wait", r"failed to connect to localhost:9 inside namespace"),
        Check("kubectl proxy --port=0 > proxy.log & sleep 0.7; curl -s http://127.0.0.1:$(grep -o '[0-9]*$' proxy.log)"
              "/api/v1/namespaces/$NS/services/w1:80/proxy/ | head -2; kill %1", r"<html>"),
        Check("kubectl proxy --port=0 > proxy.log & sleep 0.7; curl -s http://127.0.0.1:$(grep -o '[0-9]*$' proxy.log)"
              "/api/v1/namespaces/$NS; kill %1", r'^{\n  "kind": "Namespace",\n  "apiVersion": "v1",'),
        Check("kubectl get --raw /version", r'^{\n  "major": "1",\n  "minor": "37",'),
    ],
    "looking": [
        *WEB,
        Check("kubectl get pods --field-selector=foo=bar", r'"/v1, Resource=pods".*field label not supported: foo', 1),
        Check("kubectl get deploy web -o jsonpath-as-json='{.spec.replicas}'", r"^\[\n    2\n\]$"),
        Check("kubectl get deploy web --subresource=scale -o yaml", r"(?s)kind: Scale.*selector: app=web"),
        Check("kubectl get deploy web nope", r'(?s)web +2/2.*deployments.apps "nope" not found', 1),
        Check("kubectl get bindings", r"MethodNotAllowed.*the server does not allow this method", 1),
        Check("kubectl get endpoints", r"Warning: v1 Endpoints is deprecated in v1.33\+"),
        Check("kubectl get pods -l 'app in (web,x),app!=y' -o name", r"^pod/web-"),
        Check("kubectl get po,rs -l app=web --no-headers", r"(?s)^pod/web.*^replicaset.apps/web"),
        Check("kubectl explain pods.spec.nope", r'error: field "nope" does not exist', 1),
        Check("kubectl explain deployments --api-version=apps/v2", r"couldn't find resource for", 1),
        Check("kubectl explain pod.spec.restartPolicy", r"^ENUM:\n    Always\n    Never\n    OnFailure$"),
        Check("kubectl explain deploy.spec.strategy", r"type\s<string>\n  enum: Recreate, RollingUpdate$"),
        Check("kubectl explain node.status.capacity", r"FIELD: capacity <map\[string\]Quantity>"),
        Check("kubectl logs -l app=web --prefix --tail=1", r"^\[pod/web-\w+-\w+/nginx\] "),
        Check("kubectl logs deploy/web --since-time=2026-01-01T00:00:00Z --limit-bytes=9", r"^/docker-e"),
        Check("kubectl logs nope", r'pods "nope" not found', 1),
        Check("kubectl top pod --containers --sum", r"(?s)POD +NAME +CPU\(cores\).*________"),
        Check("kubectl top pod nope", r'pods.metrics.k8s.io "chapter-looking/nope" not found', 1),
        Check("kubectl events --types=Normal", r"ScalingReplicaSet +Deployment/web"),
        Check("kubectl describe rs -l app=web", r"(?s)Controlled By: +Deployment/web.*Created pod: web-"),
        Check("kubectl describe ev", r"Reporting Component: +default-scheduler"),
        Check("kubectl describe netpol nope", r'networkpolicies.networking.k8s.io "nope" not found', 1),
        Check("kubectl describe node node-3", r"(?s)AcquireTime: +<unset>.*Non-terminated Pods:"),
        Check("kubectl describe ipaddress 10.96.0.1", r"(?s)Parent Reference:.*Name: +kubernetes"),
        Check("kubectl describe pc system-node-critical", r"PreemptionPolicy: +PreemptLowerPriority"),
        Check("kubectl get hpa; kubectl autoscale deploy web --max=5 --cpu=500m --memory=70%; kubectl describe hpa web",
              r"resource memory on pods  \(as a percentage of request\): "),
        Check("kubectl api-resources --sort-by=name --no-headers", r"^apiservices "),
    ],
    "changing": [
        *WEB,
        Check("kubectl set image deploy/web nope=x", r'unable to find container named "nope"', 1),
        Check("kubectl set env deploy/web A=b; kubectl set env pods --all --list", r"# Pod web-\S+, container nginx"),
        Check("kubectl set resources deploy web --limits=cpu=50m --requests=cpu=100m",
              r'requests: Invalid value: "100m": must be less than or equal to cpu limit of 50m', 1),
        Check("kubectl set selector deploy web a=b", r"setting a selector is only supported for Services", 1),
        Check("kubectl rollout undo deploy/web --to-revision=99", r"unable to find specified revision 99", 1),
        Check("kubectl rollout pause deploy/web; kubectl set image deploy/web nginx=nginx:1.28; "
              "kubectl rollout status deploy/web --timeout=1s", r"0 out of 2 new replicas have been updated", 1),
        Check("kubectl rollout resume deploy/web; kubectl rollout status deploy/web --timeout=30s", r"successfully"),
        Check("kubectl rollout status pod/x", r'pods "x" not found', 1),
        Check("kubectl scale deploy web nope --replicas=3", r'(?s)web scaled.*"nope" not found', 1),
        Check("kubectl scale --replicas=-1 deploy/web", r"COUNT must be greater than or equal to 0", 1),
        Check("kubectl patch deploy web -p '{\"spec\":{\"replicas\":3}}'", r"patched \(no change\)"),
        Check("kubectl patch deploy web --type=json -p '{}'", r"cannot unmarshal object into Go value of type \[\]", 1),
        Check("kubectl patch deploy web -p '{\"metadata\":{\"name\":\"x\"}}'",
              r"the name of the object \(x\) does not match the name on the URL \(web\)", 1),
        Check("kubectl patch deploy web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"image\":\"x\"}]}}}}'",
              r"map: map\[image:x\] does not contain declared merge key: name", 1),
        Check("kubectl patch deploy web -p '{\"spec\":{\"strategy\":{\"type\":\"Recreate\"}}}'",
              r"rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'", 1),
        Check("kubectl patch deploy web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":2}}'",
              r"^scale.autoscaling/web patched"),
        Check("EDITOR=true kubectl edit deploy web", r"Edit cancelled, no changes made"),
        Check("EDITOR='sed -i s/replicas:.*/replicaz:\\ 2/' kubectl edit deploy web < /dev/null",
              r'strict decoding error: unknown field "spec.replicaz"', 1),
        Check("kubectl label deploy web a=-b", r"a valid label must be an empty string or consist of alphanumeric", 1),
        Check("kubectl label deploy web a=b --resource-version=1", r"the object has been modified", 1),
        Check("kubectl annotate deploy web 'bad key=1'", r'metadata.annotations: Invalid value: "bad key"', 1),
        Check("kubectl apply view-last-applied deploy/web", r""),
        Check("kubectl get deploy web -o yaml > w.yaml; kubectl apply set-last-applied -f w.yaml",
              r"to create the annotation, run the command with --create-annotation", 1),
        Check("export KUBECTL_APPLYSET=true; kubectl apply -n $NS -f list.yaml --prune --applyset=set; "
              "kubectl apply -n $NS -f cm.yaml --prune --applyset=set",
              r"(?s)configmap/la pruned.*configmap/lb pruned"),
        Check("kubectl create cm held; "
              "kubectl patch cm held --type=merge -p '{\"metadata\":{\"finalizers\":[\"a.b/c\"]}}'; "
              "kubectl delete cm held --timeout=1s", r"timed out waiting for the condition on configmaps/held", 1),
        Check("kubectl patch cm held --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'; "
              "kubectl get cm held", r'configmaps "held" not found', 1),
        Check("kubectl delete ns default", r"this namespace may not be deleted", 1),
        Check("kubectl delete deploy web --cascade=foo", r'invalid cascade value \(foo\)', 1),
        Check("kubectl delete cm kube-root-ca.crt; kubectl wait --for=create cm/kube-root-ca.crt --timeout=10s",
              r"condition met"),
        Check("kubectl wait --for=foo deploy/web", r'unrecognized condition: "foo"', 1),
        Check("kubectl wait pod --for=condition=Ready -l nope=x", r"no matching resources found", 1),
    ],
    "probing": [
        Check("kubectl apply -f probed.yaml; kubectl wait --for=condition=Ready pod/probed --timeout=30s; sleep 2; "
              "kubectl get pod probed; kubectl events --for pod/probed --types=Warning",
              r"probed +1/1 +Running +0 (?s:.*)No events found"),
        Check("kubectl run bare --image=nginx --overrides='{\"spec\":{\"nodeName\":\"node-3\"}}'; "
              "kubectl wait --for=condition=Ready pod/bare --timeout=20s; kubectl drain node-3 --dry-run=server "
              "--force --ignore-daemonsets --delete-emptydir-data", r"evicting pod \S+/bare \(server dry run\)"),
        Check("sleep 1; kubectl get pod bare; kubectl get node node-3",
              r"(?s)bare +1/1 +Running.*node-3 +Ready +<none>"),
        Check("kubectl drain node-3 --ignore-daemonsets", r"cannot delete Pods that declare no controller", 1),
        Check("kubectl uncordon node-3; kubectl uncordon node-3", r"node/node-3 already uncordoned"),
        Check("kubectl taint nodes node-3 a=b:NoSchedule; kubectl taint nodes node-3 a=c:NoSchedule",
              r"already has a taint\(s\) with same effect\(s\) and --overwrite is false", 1),
        Check("kubectl taint nodes node-3 a-", r"node/node-3 untainted"),
        Check("kubectl cordon nope", r'nodes "nope" not found', 1),
    ],
    "rights": [
        Check("kubectl create role r --verb=get --resource=pods; kubectl create rolebinding b --role=r --user=jane; "
              "kubectl auth can-i get pods --as=jane", r"^yes"),
        Check("kubectl auth can-i list pods --as=jane", r"^no", 1),
        Check("kubectl auth can-i '*' '*' -A", r"^yes"),
        Check("kubectl auth can-i get /logs/ --as=jane", r"^no", 1),
        Check("kubectl auth can-i --list --as=jane", r"(?s)\[/version\].*pods +\[\] +\[\] +\[get\]"),
        Check("kubectl auth whoami --as=x --as-group=g", r"Groups +\[g system:authenticated\]"),
        Check("kubectl get nodes --as=jane",
              r'User "jane" cannot list resource "nodes" in API group "" at the cluster scope', 1),
        Check("kubectl get --raw /metrics --as=jane", r'forbidden: User "jane" cannot get path "/metrics"', 1),
        Check("kubectl create role esc --verb=get --resource=secrets --as=jane", r"is forbidden", 1),
        Check("kubectl create role fresh -n $NS --verb=get --resource=pods --dry-run=client -o yaml > fresh.yaml; "
              "kubectl auth reconcile -f fresh.yaml",
              r"(?s)fresh reconciled\n\treconciliation required create\n\tmissing rules added:"),
        Check("kubectl auth reconcile -f fresh.yaml", r"fresh reconciled\s*\Z"),
        Check("openssl req -new -newkey rsa:2048 -nodes -keyout u.key -out u.csr -subj /CN=eve/O=dev 2>/dev/null; "
              "sed \"s/name: bob/name: eve/; s/request: [^,]*/request: $(base64 -w0 u.csr)/\" csr.yaml | "
              "kubectl create -f -; "
              "kubectl certificate approve eve; sleep 0.5; kubectl get csr eve", r"eve .*Approved,Issued"),
        Check("kubectl certificate deny eve", r'certificate signing request "eve" is already Approved', 1),
        Check("kubectl get csr eve -o jsonpath='{.status.certificate}' | base64 -d > u.crt; "
              "kubectl config set-credentials eve --client-certificate=u.crt --client-key=u.key --embed-certs; "
              "kubectl auth whoami --user=eve",
              r"(?s)Username +eve\nGroups +\[dev system:authenticated\]"),
        Check("kubectl get pods --user=eve", r'pods is forbidden: User "eve" cannot list resource "pods"', 1),
    ],
    "releases": [
        Check("helm create ch; helm install BAD ch", r"invalid release name, must match regex", 1),
        Check("helm install r ch -n nowhere", r'failed to create: namespaces "nowhere" not found', 1),
        Check("helm install r ./nochart", r'path "./nochart" not found', 1),
        Check("helm list --kube-as-user eve", r'User "eve" cannot list resource "secrets" in API group ""', 1),
        Check("helm list --kube-apiserver https://127.0.0.1:1", r"kubernetes cluster unreachable", 1),
        Check("kubectl create sa r-ch; helm install r ch",
              r'missing key "app.kubernetes.io/managed-by": must be set to "Helm"', 1),
        Check("helm install r ch --take-ownership --description first", r"(?s)STATUS: deployed.*DESCRIPTION: first"),
        Check("helm get values r", r"USER-SUPPLIED VALUES:\nnull"),
        Check("kubectl set image deploy/r-ch ch=nginx:1.27; helm upgrade r ch --set image.tag=1.28",
              r"conflict occurred while applying object \S+/r-ch apps/v1, Kind=Deployment: "
              r"Apply failed with 1 conflict: conflict with .+kubectl-set", 1),
        Check("helm upgrade r ch --set image.tag=1.28 --force-conflicts", r"has been upgraded"),
        Check("helm status r --revision 9", r"release: not found", 1),
        Check("helm rollback r 99", r"release has no 99 version", 1),
        Check("helm list --superseded; helm list -q --filter nothing", r"r\s+\S+\s+1\s.*superseded"),
        Check("helm uninstall r --dry-run; helm uninstall r --cascade foreground --wait --timeout 30s",
              r'release "r" uninstalled\nrelease "r" uninstalled'),
        Check("helm uninstall r --ignore-not-found", r'release "r" uninstalled'),
    ],
}  # fmt: skip
"""By name of the chapter. ``$NS`` is its namespace."""
