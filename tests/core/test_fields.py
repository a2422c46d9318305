"""Finding values: by key, by item key, by group."""

from __future__ import annotations

import pytest

from fieldvault.core.fields import value_at
from fieldvault.core.schema import Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe

SCHEMA = Schema(
    {
        "properties": {
            "phones": {"items": {"required": ["key"]}, "type": "array"},
            "stage": {"x-merge": {"group": "sale"}},
            "chance": {"x-merge": {"group": "sale"}},
        }
    }
)
RECORD: Maybe = {"name": "x", "phones": [{"key": "std", "number": "1"}], "stage": "a", "list": ["p", "q"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("name",), "x"),
        (("phones", "std", "number"), "1"),
        (("phones", "gsm"), MISSING),
        (("phones", "0"), MISSING),
        (("list", "1"), "q"),
        (("sale",), {"stage": "a"}),
        (("name", "deeper"), MISSING),
        ((), RECORD),
    ],
)
def test_value_at(path: FieldPath, expected: Maybe) -> None:
    assert value_at(RECORD, path, SCHEMA) == expected
