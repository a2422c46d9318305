"""A vault whose format a newer fv has raised: nobody merges by rules that he does not know, and nothing is lost."""

from __future__ import annotations

import pytest

from fieldvault.errors import FieldvaultError
from tests.actions.test_sync import CUSTOMER, FILES
from tests.world import World, fv

NEWER = FILES["fieldvault.yaml"].replace("format: 1", "format: 2")


def test_settings_of_another_format_are_a_draft_and_hold_nothing_up(world: World) -> None:
    marc = world.first("Marc", files=FILES)
    marc.write("fieldvault.yaml", NEWER)
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    report = marc.commit()
    assert [change.path for change in report.changes] == [CUSTOMER]
    assert [(draft.path, draft.problem.kind) for draft in report.drafts] == [("fieldvault.yaml", "config-newer")]
    marc.write("fieldvault.yaml", FILES["fieldvault.yaml"])
    assert not marc.commit().drafts
    marc.assert_clean()


def test_a_vault_of_a_newer_format_is_not_merged_into(world: World) -> None:
    marc, ines = world.first("Marc", files=FILES), world.join("Ines")
    ines.write("fieldvault.yaml", NEWER)
    ines.git("commit", "-qam", "A newer fv")
    ines.git("push", "-q", "origin", "main")
    marc.edit(CUSTOMER, "samples: 10", "samples: 7")
    for _ in range(2):
        with pytest.raises(FieldvaultError) as failure:
            marc.sync()
        assert failure.value.kind == "config-newer"
        assert "samples: 7" in marc.git("show", f"HEAD:{CUSTOMER}")
    assert world.hub_git("rev-parse", "main") == ines.head()
    marc.assert_clean()
    told = fv("sync", cwd=marc.root, environment=marc.environment)
    assert told.returncode == 1 and "this fv knows 1" in told.stderr and "upgrade" in told.stderr
