"""Tending: what is wrong with a vault, its link or its hub, and putting it right."""
