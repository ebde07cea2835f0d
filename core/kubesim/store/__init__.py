"""etcd in small: revisions, compare-and-put, range at a revision, watch log, compaction. No Kubernetes rules."""
