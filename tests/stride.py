"""How much the tests try: `FAULTS`, the one variable of `make faults`.

Law: 1 is every point, every byte of a link, and the long runs; 10 every tenth; unset, as in `make test`, a sample.
"""

from __future__ import annotations

import os

STRIDE = int(os.environ.get("FAULTS") or 0)
