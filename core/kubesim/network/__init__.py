"""The network of the cluster: names, Services, policies, the front door, load balancers, traces and simulated traffic.

``fabric.Network`` follows a connection from a pod to its end; ``services.ServiceProxy`` keeps kube-proxy's tables,
``ingresses.IngressController`` and ``loadbalancer.LoadBalancerController`` play what a cloud brings along, and
``load.LoadMeter`` works out what Loads do to pods. Sockets are outside the simulation: ``kubesim.httpd.listeners``.
"""
