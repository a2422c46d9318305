"""Strategies for one value: each by its law, and the same when the sides are swapped."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.strategies import STRATEGIES, Outcome, decide
from fieldvault.core.values import MISSING, Maybe, Value, canonical, same


def rule(merge: Value, **field: Value) -> FieldRule:
    return Schema({"properties": {"f": {"x-merge": merge, **field}}}).rule(("f",))


LADDER: Value = {"ladder": ["a", "b", "c"], "terminal": ["won", "lost"]}
LEVELS: Value = {"strictest": ["public", "client", "internal"]}

DECIDED: dict[str, tuple[FieldRule, Maybe, Maybe, Maybe, Outcome]] = {
    "register": (rule("register"), "x", "a", "b", Outcome("b", ("a",))),
    "max-numbers": (rule("max"), 1, 9, 10, Outcome(10, dropped=(9,))),
    "max-dates": (rule("max"), "2026-01-01", "2026-02-02", "2026-03", Outcome("2026-03", dropped=("2026-02-02",))),
    "max-instants": (
        rule("max"),
        MISSING,
        "2026-03-02T10:00:00+02:00",
        "2026-03-02T09:00:00Z",
        Outcome("2026-03-02T09:00:00Z", dropped=("2026-03-02T10:00:00+02:00",)),
    ),
    "max-mixed": (rule("max"), 1, 2, "x", Outcome(2, ("x",))),
    "min": (rule("min"), 5, 3, 4, Outcome(3, dropped=(4,))),
    "sum": (rule("sum"), 10, 7, 5, Outcome(2)),
    "sum-alike": (rule("sum"), 10, 7, 7, Outcome(4)),
    "sum-from-nothing": (rule("sum"), MISSING, 3, 5, Outcome(8)),
    "sum-exact": (rule("sum"), Decimal("0.1"), Decimal("0.3"), Decimal("0.2"), Outcome(Decimal("0.4"))),
    "once-from-nothing": (rule("once"), None, "x", "y", Outcome("y", ("x",))),
    "once-set": (rule("once"), "s", "x", "y", Outcome("s", ("y", "x"))),
    "immutable": (rule("immutable"), "s", "x", "y", Outcome("s", ("y", "x"))),
    "hold": (rule("hold"), 100, 200, 50, Outcome(100, (50, 200))),
    "or": (rule("or"), MISSING, False, True, Outcome(True, dropped=(False,))),
    "strictest": (rule(LEVELS), "client", "internal", "public", Outcome("internal", dropped=("public",))),
    "strictest-unknown": (rule(LEVELS), "client", "internal", "secret", Outcome("secret", ("internal",))),
    "strictest-numbers": (
        rule({"strictest": [1, 2]}, type="number"),
        MISSING,
        Decimal(1),
        Decimal(2),
        Outcome(Decimal(2), dropped=(Decimal(1),)),
    ),
    "ladder": (rule(LADDER), "a", "b", "c", Outcome("c", dropped=("b",))),
    "ladder-from-nothing": (rule(LADDER), MISSING, "b", "a", Outcome("b", dropped=("a",))),
    "ladder-back": (rule(LADDER), "b", "a", "c", Outcome("c", ("a",))),
    "ladder-terminal": (rule(LADDER), "a", "lost", "c", Outcome("lost", ("c",))),
    "ladder-two-terminals": (rule(LADDER), "a", "lost", "won", Outcome("won", ("lost",))),
    "text": (rule("text"), "a b c", "A b c", "a b C", Outcome("A b C")),
    "text-overlap": (rule("text"), "a b", "a x", "a y", Outcome("a y", ("a x",))),
}  # fmt: skip


@pytest.mark.parametrize(("field", "base", "ours", "theirs", "outcome"), DECIDED.values(), ids=DECIDED)
def test_decided(field: FieldRule, base: Maybe, ours: Maybe, theirs: Maybe, outcome: Outcome) -> None:
    assert decide(field, base, ours, theirs) == outcome
    assert decide(field, base, theirs, ours) == outcome


ANY = st.sampled_from(
    [MISSING, None, "", "a", "b", "lost", "public", "2026-03-01", 1, 2, Decimal("1.5"), True, False, "l\nm\n"]
)
PRESENT = ANY.filter(lambda value: value is not MISSING)
RULES = {name: rule(LADDER if name == "ladder" else LEVELS if name == "strictest" else name) for name in STRATEGIES}


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(RULES)), ANY, PRESENT, PRESENT)
def test_no_strategy_knows_a_side_or_loses_a_value(name: str, base: Maybe, ours: Maybe, theirs: Maybe) -> None:
    assume(not same(ours, theirs))
    outcome = decide(RULES[name], base, ours, theirs)
    assert outcome == decide(RULES[name], base, theirs, ours)
    if name not in ("sum", "text"):
        told = {canonical(value) for value in (outcome.shown, *outcome.also, *outcome.dropped)}
        assert {canonical(ours), canonical(theirs)} <= told
