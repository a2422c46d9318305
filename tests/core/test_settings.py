"""What fieldvault.yaml says of attachments."""

import pytest

from fieldvault.core.pointers import CHUNK_ABOVE_BYTES, CHUNK_ABOVE_MOST_BYTES
from fieldvault.core.settings import settings_from
from fieldvault.errors import SchemaInvalid


@pytest.mark.parametrize(
    ("said", "octets"),
    [("1 MiB", 1 << 20), ("300KiB", 300 << 10), ("77", 77), ("8 B", 8), ("1 GiB", CHUNK_ABOVE_MOST_BYTES)],
)
def test_sizes(said: str, octets: int) -> None:
    assert settings_from({"format": "1", "attachments": {"chunk_above": said}}).chunk_above == octets


def test_without_a_word_it_is_the_standard() -> None:
    assert settings_from({"format": "1"}).chunk_above == CHUNK_ABOVE_BYTES
    assert settings_from({"format": "1", "attachments": {}}).chunk_above == CHUNK_ABOVE_BYTES


@pytest.mark.parametrize(
    "attachments", ["big", {"chunk_above": "lots"}, {"chunk_above": "-1"}, {"chunk_above": "1 MB"}]
)
def test_what_is_no_size_is_named(attachments: object) -> None:
    with pytest.raises(SchemaInvalid):
        settings_from({"format": "1", "attachments": attachments})
