"""What the files of a tree are: record types, ids, names, open conflicts, and whether records agree."""
