"""`fv`, for which a few files are many: whatever it is asked to do, it tidies up as well.

Law: the command itself, upkeep and all; only the limits are other ones.
"""

from __future__ import annotations

from fieldvault.__main__ import main
from fieldvault.edge.git.store import upkeep

upkeep.LOOSE_MAX, upkeep.PACKS_MAX = 10, 2

main()
