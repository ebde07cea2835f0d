"""Pod Security Standards: the levels that namespaces ask for by labels, and the plugin that holds pods to them."""
