"""Chart repositories and registries: their files, how charts are found in them, and what to ask them."""
