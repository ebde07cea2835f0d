"""Charts in OCI registries: references, manifests, and the conversations that pull and push them."""
