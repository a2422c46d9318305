"""The working files: `files` looks at them, `replacing` puts one version in place of another, `swap` is how."""

from fieldvault.edge.worktree.files import Found, Read, Worktree, changed_entry
from fieldvault.edge.worktree.replacing import Outcome, Replacing

__all__ = ["Found", "Outcome", "Read", "Replacing", "Worktree", "changed_entry"]
