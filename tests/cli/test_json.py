"""What a script reads has names, whatever the facts are made of inside."""

from __future__ import annotations

import json
from pathlib import Path

from fieldvault.edge.git.hubs.hub import Abilities
from fieldvault.output import machine
from tests.actions.test_sync import CUSTOMER, FILES
from tests.world import World, fv


def test_a_stale_save_tells_its_base_and_the_merged_record(tmp_path: Path) -> None:
    world = World(tmp_path)
    marc, claire = world.first("Marc", files=FILES), world.join("Claire")
    buffer, base = claire.read(CUSTOMER), claire.git("rev-parse", f"HEAD:{CUSTOMER}")
    marc.edit(CUSTOMER, "+33261910100", "+33639981207")
    world.settle(marc, claire)
    claire.write(CUSTOMER, buffer.replace("samples: 10", "samples: 12"))
    told = json.loads(fv("commit", "--json", cwd=claire.root, environment=claire.environment).stdout)
    assert [one["base"] for one in told["stale"]] == [{"mode": 0o100644, "oid": base}]
    (record,) = (one["record"] for one in told["merged"])
    assert record["value"]["samples"] == 12 and record["value"]["phones"][0]["number"] == "+33639981207"


def test_what_a_server_offers_is_told_by_name() -> None:
    assert machine.plain(Abilities(2, True)) == {"protocol": 2, "filters": True}
