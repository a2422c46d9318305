"""The entry point of `fv` and of `python -m fieldvault`.

Law: `fv --version` answers before anything else is imported.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from fieldvault import __version__

        print(f"fv {__version__}")
        return
    from fieldvault.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
