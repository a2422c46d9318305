"""`fv doctor`: what is wrong, what could be better, and putting right what can be.

Law: looking changes nothing that a person wrote; a repair is asked for by name, and does that one thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fieldvault.actions.ground.recovery import locked
from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.setting_up.equipment import TEMPORARY_FILES, exclude, introduce_drivers
from fieldvault.actions.tending.findings import Finding
from fieldvault.actions.tending.hubhealth import HubHealth, look_at_hub
from fieldvault.actions.tending.vaulthealth import dead_locks, vault_findings
from fieldvault.edge.git.hubs.link import Progress, no_progress

_CACHES = ("index.sqlite", "claims.sqlite")


@dataclass
class DoctorReport:
    """`hub`: what it said; None where the vault has none."""

    findings: list[Finding] = field(default_factory=list)
    hub: HubHealth | None = None

    @property
    def wrong(self) -> bool:
        """Whether something waits for a person."""
        return any(one.level == "wrong" for one in self.findings)


def doctor(vault: Vault, progress: Progress = no_progress) -> DoctorReport:
    """Look at the vault, then at its hub."""
    found = list(vault_findings(vault))
    report = DoctorReport()
    report.hub = look_at_hub(vault, report.findings, progress)
    if report.hub is not None:  # why it was away then is of no use now
        found = [one for one in found if one.level != "away" or one.repair]
    report.findings = found + report.findings
    return report


def renew_settings(vault: Vault) -> None:
    """git's settings of this copy, as after `fv clone`."""
    introduce_drivers(vault)
    exclude(vault, TEMPORARY_FILES)


def remove_dead_locks(vault: Vault) -> None:
    """git's locks of before this computer was started, which hold everybody up and belong to nobody."""
    for lock in dead_locks(vault):
        lock.unlink(missing_ok=True)


def drop_caches(vault: Vault) -> None:
    """fv's own caches; the next command makes them anew."""
    with locked(vault, "doctor"):
        vault.close()
        for name in _CACHES:
            for left in vault.own_dir.glob(f"{name}*"):
                left.unlink(missing_ok=True)
