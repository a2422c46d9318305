"""What stands in the folder, found by a command with one processor and by one that shares the look with a child."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fieldvault.edge.sharing import ITEMS_MIN
from tests.world import World

SURVEY = """
import json, os, pathlib, resource, sys
from fieldvault.actions.committing.survey import survey
from fieldvault.actions.ground.opening import open_vault

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[2])])
with open_vault(pathlib.Path(sys.argv[1])) as vault:
    seen = survey(vault)
edits = [(*edit.change, edit.read and edit.read.data.decode()) for edit in seen.edits]
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([children > 0, edits, list(seen.problems.items())]))
"""


@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="a child needs a processor")
def test_two_processors_see_what_one_sees(world: World) -> None:
    marc = world.first("Marc", files={f"customers/{n:03}/a.yaml": f"n: {n}\n" for n in range(ITEMS_MIN + 99)})
    marc.write(".gitignore", "*.log\nbuild/\n")
    for n in range(1, 256, 3):
        marc.write(f"customers/{n:03}/a.yaml", "n: changed\n")
        (marc.root / f"customers/{n + 1:03}/a.yaml").unlink()
        marc.write(f"customers/{n:03}/new.yaml", "new: true\n")
        marc.write(f"customers/{n:03}/ignored.log", "")
        marc.write(f"customers/{n:03}/build/ignored.yaml", "")
        marc.write(f"customers/{n:03}/sub/folder/new.yaml", "new: true\n")
    for n in range(2, 256, 6):
        (marc.root / f"customers/{n:03}").rmdir()
    for n in (7, 8):
        marc.write(f"customers/{n:03}/nested/.git/HEAD", "ref: refs/heads/main\n")
    one, two = (
        subprocess.run(
            [sys.executable, "-c", SURVEY, str(marc.root), processors], capture_output=True, text=True, check=True
        ).stdout
        for processors in ("1", "2")
    )
    assert one.startswith("[false, ")
    assert two == one.replace("[false, ", "[true, ", 1)
    assert one.count("n: changed") == 85
