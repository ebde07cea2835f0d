"""Custom resources: what a CustomResourceDefinition makes the server serve, and the rules of its objects."""
