"""What git keeps beside its objects: refs, index, settings, locks."""
