"""Field ownership: metadata.managedFields of outside writes, and server-side apply."""
