"""Syncing: between history here and the hub."""
