"""The headless half of the explorer: live views, filters, hints, flows and the pump of virtual time."""
