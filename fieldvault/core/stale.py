"""Which version a save came from: the rule for editors that still hold an old one.

Law: values decide, not bytes. Of HEAD's version and the former ones of the working file the save came from that with
the fewest different nodes; of equals the newest. HEAD's: an ordinary save. An older one, with something since then that
the person did not save: the save is stale, and merges over the version it came from. Is it that version exactly, only
the person knows whether it is an old buffer or a deliberate way back: then both values stand, as a conflict. Versions
that only the person's own saves have followed are no reason for doubt: to undo in an editor is an ordinary save.

What cannot be told from content: one node that came in, and that the stale save sets to a third value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fieldvault.core.reading import ITEMS_BY_KEY, key_of
from fieldvault.core.schema import FieldRule, Schema
from fieldvault.core.values import MISSING, FieldPath, Maybe, Value, canonical


class Former(NamedTuple):
    """A version that the working file held. `own`: what replaced it was saved by the person, not written by fv or git.

    MISSING where it could not be read.
    """

    value: Maybe
    own: bool


class Stale(NamedTuple):
    """The save came from the former version `place` (0 is the newest); `exact`: it is that version."""

    place: int
    exact: bool


def judge_save(saved: Value, head: Value, former: Sequence[Former], schema: Schema) -> Stale | None:
    """None for an ordinary save. `former` are the versions before `head`, the newest first."""
    nodes = _nodes(saved, schema.root)
    best, nearest = None, _distance(_nodes(head, schema.root), nodes)
    for place, one in enumerate(former):
        if nearest == 0:
            break
        if one.value is not MISSING:
            distance = _distance(_nodes(one.value, schema.root), nodes)
            if distance < nearest:
                best, nearest = place, distance
    if best is None or all(one.own for one in former[: best + 1]):
        return None
    return Stale(best, exact=nearest == 0)


def distance(one: Value, other: Value, schema: Schema) -> int:
    """In how many nodes two values of a record differ: scalars, members of sets, elements and lines."""
    return _distance(_nodes(one, schema.root), _nodes(other, schema.root))


# A node is what one edit touches: path -> a scalar's canonical text, or the elements of a list or the lines of a text.
_Node = str | tuple[str, ...]


def _nodes(value: Maybe, rule: FieldRule) -> dict[FieldPath, _Node]:
    found: dict[FieldPath, _Node] = {}
    _gather((), value, rule, found)
    return found


def _gather(path: FieldPath, value: Maybe, rule: FieldRule, found: dict[FieldPath, _Node]) -> None:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            _gather((*path, key), below, rule.field(key), found)
    elif isinstance(value, list) and value:
        _gather_list(path, value, rule, found)
    elif isinstance(value, str) and "\n" in value:
        found[path] = tuple(value.splitlines())
    else:
        found[path] = canonical(rule.standard(value))


def _gather_list(path: FieldPath, value: list[Value], rule: FieldRule, found: dict[FieldPath, _Node]) -> None:
    keys = [key_of(item, rule) for item in value] if rule.strategy in ITEMS_BY_KEY else []
    if keys and len(set(keys)) == len(keys):
        for key, item in zip(keys, value, strict=True):
            _gather((*path, key), item, rule.item, found)
        return
    members = [canonical(rule.item.standard(item)) for item in value]
    if rule.strategy == "set":
        for member, times in Counter(members).items():
            found[(*path, member)] = str(times)
    else:
        found[path] = tuple(members)


def _distance(one: Mapping[FieldPath, _Node], other: Mapping[FieldPath, _Node]) -> int:
    return sum(_apart(one.get(path), other.get(path)) for path in one.keys() | other.keys())


def _apart(one: _Node | None, other: _Node | None) -> int:
    if one == other:
        return 0
    if isinstance(one, tuple) and isinstance(other, tuple):
        from difflib import SequenceMatcher  # only for a list or a text that both changed

        steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
        return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in steps if tag != "equal")
    return 1
