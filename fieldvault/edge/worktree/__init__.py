"""The working files: `files` looks at them, `adding` brings new ones, `replacing` puts one version in place of another.

`swap` is how.
"""

from fieldvault.edge.worktree.adding import add_file
from fieldvault.edge.worktree.files import Listing, Read, Worktree, changed_entry, digests, problem_of
from fieldvault.edge.worktree.replacing import Content, Outcome, Replacing

__all__ = [
    "Content",
    "Listing",
    "Outcome",
    "Read",
    "Replacing",
    "Worktree",
    "add_file",
    "changed_entry",
    "digests",
    "problem_of",
]
