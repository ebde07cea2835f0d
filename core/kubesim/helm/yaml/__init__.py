"""YAML, JSON and TOML as Go's libraries read and write them."""
