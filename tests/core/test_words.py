"""Words as people type them."""

from __future__ import annotations

import pytest

from fieldvault.core.words import matches, mentions, nearest, words_of


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("lefevre", "Boulangerie Lefèvre"),
        ("boul lef", "Boulangerie Lefèvre"),
        ("hay roses", "L’Haÿ-les-Roses"),
        ("oeuilly", "Œuilly"),
        ("HAUPTSTRASSE 5", "Hauptstraße 5"),
        ("Ελλ 5", "Ελλάς 5"),
    ],
)
def test_a_word_is_found_by_how_it_begins(typed: str, name: str) -> None:
    assert matches(words_of(typed), name)
    assert mentions(words_of(typed), f"id: cus_1\nname: {name}\n".encode())


def test_what_does_not_stand_there_is_not_found() -> None:
    assert not matches(words_of("evre"), "Lefèvre")
    assert not mentions(words_of("lefevre simon"), "name: Lefèvre\n".encode())
    assert mentions(words_of("simon"), b"name: Simon \xff\n"), "a file that is no text is looked at, not passed over"


def test_the_nearest_are_those_that_look_alike() -> None:
    assert nearest("Garaje Simon", {"garage simon": "a.yaml", "boulangerie lefevre": "b.yaml"}) == ["a.yaml"]
