"""The working files: `walking` finds those that may have changed, `files` reads them, `adding` brings new ones,
`replacing` puts one version in place of another, and `swap` is how.
"""

from fieldvault.edge.worktree.adding import add_file
from fieldvault.edge.worktree.files import Read, Worktree, changed_entry, digests
from fieldvault.edge.worktree.replacing import Content, Outcome, Replacing
from fieldvault.edge.worktree.walking import Known, Listing, walk

__all__ = [
    "Content",
    "Known",
    "Listing",
    "Outcome",
    "Read",
    "Replacing",
    "Worktree",
    "add_file",
    "changed_entry",
    "digests",
    "walk",
]
