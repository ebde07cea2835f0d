"""Helm on the screen: tables of releases, the values editor, the preview of a change, and watched values files."""
