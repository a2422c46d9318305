"""The entry point of `fv` and of `python -m fieldvault`.

Law: `fv --version` answers before anything else is imported; and a command ends as git's do, where its last line is
written: whatever it opened is closed by then (`with`), and nobody waits for modules and rows to be taken apart.
"""

from __future__ import annotations

import gc
import os
import sys

GARBAGE_OBJECTS = 100_000  # a command lives for a moment, and looking for circles while it loads took a tenth of that


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from fieldvault import __version__

        print(f"fv {__version__}")
        return
    gc.set_threshold(GARBAGE_OBJECTS)
    try:
        from fieldvault.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while it was loading
        from fieldvault.errors import EXIT_INTERRUPTED

        code = EXIT_INTERRUPTED
    os._exit(code)


if __name__ == "__main__":
    main()
