"""When this computer was started.

Law: what stands since before then belongs to no process that lives here now. A system that does not tell says nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time


def started_at() -> float | None:
    """In seconds since 1970, by the clock as it goes now; None where nobody knows."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # pragma: no cover - cannot be run here
        told = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=False)
        found = re.search(r"sec = (\d+)", told.stdout)
        return float(found[1]) if found else None
    return None
