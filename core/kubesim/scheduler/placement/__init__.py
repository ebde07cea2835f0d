"""The quick way to the same node: an index over the nodes for each sort of pod, kept up to date change by change.

A ``Placement`` serves all pods that are alike to every plugin. Nodes with equal labels in the topologies that matter,
equal taints and so on form a group; nodes of one group that host equal numbers of the pods that matter form a bucket.
All plugins but NodeResourcesFit and NodeResourcesBalancedAllocation score every node of a bucket alike, so a heap in
each bucket holds its nodes by those two, and a decision looks at the first node of each bucket.
"""
