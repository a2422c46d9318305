"""Deciding: what waits for a person, what merges decided, and taking it back."""
