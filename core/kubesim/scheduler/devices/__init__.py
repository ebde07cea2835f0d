"""Dynamic resource allocation: which devices of which nodes fulfil the ResourceClaims of a pod."""
