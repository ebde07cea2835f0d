"""The past of a cluster in this process: what came in from outside, snapshots, and the way back to any moment."""
