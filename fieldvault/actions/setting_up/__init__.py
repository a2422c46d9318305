"""Setting up: a new vault, a copy of one, a hub."""
