"""The scheduler plugins of the default profile, one file each, independent of one another."""
