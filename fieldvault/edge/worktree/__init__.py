"""The working files: `files` looks at them, `replacing` puts one version in place of another, `swap` is how."""

from fieldvault.edge.worktree.files import Listing, Read, Worktree, changed_entry, problem_of
from fieldvault.edge.worktree.replacing import Outcome, Replacing

__all__ = ["Listing", "Outcome", "Read", "Replacing", "Worktree", "changed_entry", "problem_of"]
