"""What git remembers: objects, packs, trees, commits."""
