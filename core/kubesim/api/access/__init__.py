"""Who may do what: roles, bindings and nodes, asked before a request and when a request grants rights."""
