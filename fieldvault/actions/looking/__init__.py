"""Looking: how things stand, what happened, what is wrong, and why."""
