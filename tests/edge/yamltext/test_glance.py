"""A glance says yes only where a reading succeeds, and says it of the records that people have."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldvault.edge.yamltext import read
from fieldvault.edge.yamltext.glance import plainly_readable
from fieldvault.edge.yamltext.guard import Limits
from fieldvault.errors import Unreadable

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "sample-repo").rglob("*.yaml")) + sorted((ROOT / "tests/cases/merge").rglob("*.yaml"))
PIECES = [
    "\n",
    " ",
    "  ",
    "- ",
    ": ",
    "a: 1\n",
    "? ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!x ",
    "#",
    '"',
    "'",
    "|\n",
    "<<: ",
    "---\n",
    "\t",
    "...",
    ",",
    "\r",
    "%",
]


def readable(data: bytes) -> bool:
    try:
        read(data)
    except Unreadable:
        return False
    return True


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sample with pieces put in, cut out or moved."""
    text = draw(st.sampled_from(SAMPLES)).read_text(encoding="utf-8", errors="surrogateescape")[:600]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 6)))
        text = text[:at] + draw(st.sampled_from([*PIECES, text[at:end] * 2])) + text[end:]
    return text.encode("utf-8", "surrogateescape")


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_a_yes_is_never_wrong(data: bytes) -> None:
    assert not plainly_readable(data, Limits()) or readable(data)


def test_nearly_every_record_of_a_vault_is_plain() -> None:
    records = [path.read_bytes() for path in SAMPLES if "sample-repo" in path.parts and "schemas" not in path.parts]
    plain = [data for data in records if plainly_readable(data, Limits())]
    assert len(plain) > 0.8 * len(records)
