"""What plain git is told of large attachments: to call this fv when it adds or checks out one.

Law: git works in the vault whatever becomes of fv. The filter is not `required`, and where its program is gone a few
words of shell answer for it that nothing is filtered: then git shows and commits files as they are, a pointer as a
pointer and a content as a content, which fv both reads for ever. All of it stands in `.git`, on this machine only.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path

from fieldvault.actions.ground.vault import Vault
from fieldvault.errors import Busy

_ATTRIBUTES = b"""\
# Large attachments are committed as pointers; records and hidden files never are.
* filter=fieldvault
*.yaml -filter
*.yml -filter
.* -filter
**/.*/** -filter
"""

SPOKEN = 255  # fv's exit code where it fails after git has heard from it; then nobody else may answer

# The hello of git's filter protocol, with no abilities at all, since git ends with an error where it hears nothing.
# Exit codes beyond 127 are signals: nobody knows then whether git had heard something.
_NOTHING_IS_FILTERED = r"printf '0016git-filter-server\n000eversion=2\n00000000'; exec cat >/dev/null"


def teach_git(vault: Vault) -> None:
    """Bring git's settings of this vault to the fv that runs now, which may have moved since the last time."""
    attributes = vault.git_dir / "info" / "attributes"
    if not attributes.exists() or b"filter=fieldvault" not in attributes.read_bytes():
        attributes.parent.mkdir(exist_ok=True)
        with attributes.open("ab") as file:
            file.write(_ATTRIBUTES)
    command = filter_command(Path(sys.executable))
    if vault.config.get("filter", "fieldvault", "process") != command:
        with contextlib.suppress(Busy):  # the next commit tries again
            vault.config.set_local("filter", "fieldvault", "process", value=command)


def filter_command(python: Path) -> str:
    """The line of shell that git runs. `-P`: what lies in the vault is data, and never imported."""
    program = shlex.quote(python.as_posix())
    serve = f"test -x {program} && {program} -P -m fieldvault filter-process"
    return f"{serve} || if test $? -lt 128; then {_NOTHING_IS_FILTERED}; fi"
