"""Services: defaults, validation, what a change of type drops, and the pools of cluster IPs and node ports."""
