"""The names of the themes that the explorer begins with."""

DARK, LIGHT = "tokyo-night", "catppuccin-latte"
