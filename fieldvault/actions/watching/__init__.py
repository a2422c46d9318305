"""Watching: the folder keeps itself."""
