"""Whether the system tells of everything that happens in a folder, in the order in which it happens.

Law: yes only where it is known: inotify, on a file system of this machine's own. What another machine writes on a drive
that both use is told to nobody, and other systems promise no order.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_OWN = {  # statfs(2)'s f_type
    "ext": 0xEF53,
    "btrfs": 0x9123683E,
    "xfs": 0x58465342,
    "f2fs": 0xF2F52010,
    "zfs": 0x2FC12FC1,
    "bcachefs": 0xCA451A4E,
    "tmpfs": 0x01021994,
    "overlayfs": 0x794C7630,
    "fat": 0x4D44,
    "exfat": 0x2011BAB0,
    "ntfs3": 0x7366746E,
}
_STATFS_BYTES = 256  # more than any machine's struct statfs has; f_type is its first long


def tells_all(root: Path) -> bool:
    """Whether events from `root` leave nothing out unless that is told (`LOST`)."""
    if not sys.platform.startswith("linux"):
        return False
    found = ctypes.create_string_buffer(_STATFS_BYTES)
    if ctypes.CDLL(None).statfs(os.fsencode(root), found) != 0:
        return False
    return ctypes.c_ulong.from_buffer(found).value & 0xFFFFFFFF in _OWN.values()
