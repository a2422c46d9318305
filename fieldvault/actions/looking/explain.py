"""Explaining a record type: which strategy merges each field, why, and what it does.

Law: what is told is read from the compiled rules and from merge cases that the tests run; nothing is described twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fieldvault.actions.ground.vault import Vault
from fieldvault.actions.records.types import Types
from fieldvault.core.policy import Policy
from fieldvault.core.reading import ITEMS_BY_KEY
from fieldvault.core.schema import Schema
from fieldvault.core.values import FieldPath
from fieldvault.edge.template import merge_case
from fieldvault.errors import FieldvaultError

# The case that shows a strategy best.
EXAMPLES = {
    "register": "06-two-emails",
    "granular": "01-mobile-and-billing-email",
    "atomic": "05-address-moved-and-corrected",
    "keyed": "03-two-second-phones",
    "set": "strategy-set",
    "sequence": "strategy-sequence",
    "text": "strategy-text",
    "log": "10-two-notes",
    "max": "11-last-visit",
    "min": "strategy-min",
    "ladder": "07-both-forward",
    "terminal": "07-both-forward",
    "sum": "16-samples-add-up",
    "once": "strategy-once",
    "or": "19-refusal-survives",
    "strictest": "strategy-strictest",
    "immutable": "strategy-immutable",
    "hold": "strategy-hold",
    "derived": "14-two-lines",
}


@dataclass(frozen=True)
class ExplainedField:
    """One field: its path (items of lists are `*`), its title, and the policy that merges it."""

    path: FieldPath
    title: str
    policy: Policy


@dataclass(frozen=True)
class Example:
    """One merge case: the versions as text, "" for one that is not there."""

    strategy: str
    base: str
    ours: str
    theirs: str
    expected: str
    conflicts: str


@dataclass
class Explanation:
    """How the records of one type merge."""

    type: str
    schema: str
    fields: list[ExplainedField] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


def explain(vault: Vault, name: str) -> Explanation:
    """The fields of the type `name`, and an example for each strategy that it uses. `type-unknown` otherwise."""
    types = Types(vault.objects, vault.head_tree())
    kind = types.settings.records.get(name)
    if kind is None:
        raise FieldvaultError("type-unknown", type=name, known=tuple(types.settings.records))
    schema = types.schema(f"{kind.folder}/x.yaml")
    for problem in types.problems:
        raise problem
    report = Explanation(name, kind.schema)
    report.fields = list(_fields(schema))
    strategies = dict.fromkeys(one.policy.strategy for one in report.fields)
    report.examples = [_example(strategy) for strategy in strategies if strategy in EXAMPLES]
    return report


def _fields(schema: Schema) -> Iterator[ExplainedField]:
    """Every field that merges by a policy of its own: none inside a value that is decided as one."""
    decided_as_one: list[FieldPath] = []
    for path, rule in schema.rules():
        if any(path[: len(whole)] == whole for whole in decided_as_one):
            continue
        looked_into = rule.policy.strategy in ("granular", *ITEMS_BY_KEY)
        if not looked_into:
            decided_as_one.append(path)
        if path and (path[-1] != "*" or not looked_into):
            yield ExplainedField(path, rule.title, rule.policy)


def _example(strategy: str) -> Example:
    case = merge_case(EXAMPLES[strategy])
    return Example(strategy, case["base"], case["ours"], case["theirs"], case["expected"], case["conflicts"])
