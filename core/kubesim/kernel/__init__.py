"""Time, order, chance and causes: virtual clock, named random streams, causal journal. Nothing Kubernetes."""
