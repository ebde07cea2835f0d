"""Time, order, chance and causes: virtual clock and event heap, named random streams, causal journal. Nothing Kubernetes."""
