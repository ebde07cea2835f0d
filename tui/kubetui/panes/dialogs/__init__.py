"""Dialogs: small questions in the middle of the screen, one module each; all are modal screens with a result."""
