"""Messages for commits that nobody wrote one for."""

from __future__ import annotations

import pytest

from fieldvault.core.describe import FileChange, count_of


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["customers/a.yaml"], "1 record"),
        (["customers/a.yaml", "b.yml", "photo.jpg"], "2 records, 1 file"),
        (["fieldvault.yaml", "schemas/customer.yaml", "conflicts/cus_1/0.yaml"], "3 files"),
        (["fieldvault.de.yaml"], "1 record"),
        ([".github/actions.yaml"], "1 file"),
    ],
)
def test_files_are_counted_by_what_they_are(paths: list[str], expected: str) -> None:
    assert count_of(FileChange(path, "changed", path) for path in paths) == expected
