"""The network of the cluster: which endpoint answers for a Service, and the addresses of load balancers.

``services.ServiceProxy`` keeps kube-proxy's tables up to date from EndpointSlices, one slice at a time, and picks an
endpoint; ``loadbalancer.LoadBalancerController`` plays the cloud that gives Services of type LoadBalancer an address.
"""
