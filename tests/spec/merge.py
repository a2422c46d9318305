"""The merge once more, by docs/merge.md and in the order of its sections: values in, a value out.

Law: nothing here is fast, clever, or taken from the engine. Only the reading of YAML to values and of a schema to rules
is the project's own. Texts are seen as far as values show them: as they are spelled, in the order of their keys.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from fieldvault.core.derived import FUNCTIONS
from fieldvault.core.values import MISSING
from tests.spec.lists import Texts, by_time, diff3, ordered
from tests.spec.strategies import DECIDING, added_up, further
from tests.spec.values import EPOCH, canonical, compared, escaped, instant, item_step, nothing_set, rank, spelled


class Open:
    """One open conflict: a path of steps, its kind, the base, what stands beside the shown value."""

    def __init__(self, path: tuple[str, ...], kind: str, base: Any, also: list[Any]) -> None:
        self.path, self.kind, self.base = path, kind, base
        self.also = sorted(also, key=canonical)

    @property
    def pointer(self) -> str:
        return "".join("/" + escaped(step) for step in self.path)


class Merge:
    """The merge of one record: entries from the record down."""

    def __init__(self) -> None:
        self.open: list[Open] = []

    def entry(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        if ours is MISSING and theirs is MISSING:
            return MISSING
        if rule.strategy == "sum" and (total := added_up(base, ours, theirs)) is not None:
            return total
        if spelled(ours) == spelled(theirs) and not rule.adds:
            return ours
        if spelled(ours) == spelled(base):
            return theirs
        if spelled(theirs) == spelled(base):
            return ours
        if ours is MISSING or theirs is MISSING:
            return self.present(path, rule, base, theirs if ours is MISSING else ours)
        merged = MISSING
        known = type(ours)() if base is MISSING or base is None else base  # what was null is filled as if it were new
        if type(known) is type(ours) is type(theirs) is dict and rule.strategy == "granular":
            merged = self.fields(path, rule, known, ours, theirs)
        if type(known) is type(ours) is type(theirs) is list:
            merged = self.elements(path, rule, known, ours, theirs)
        return self.one_value(path, rule, base, ours, theirs) if merged is MISSING else merged

    def present(self, path: tuple[str, ...], rule: Any, base: Any, edited: Any) -> Any:
        """One side lacks the entry."""
        if base is MISSING:
            return edited
        if compared(edited, rule) == compared(base, rule):
            return MISSING
        self.open.append(Open(path, "deleted-edited", base, [MISSING]))
        return edited

    def one_value(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        known, left, right = (compared(value, rule) for value in (base, ours, theirs))
        if left == right:
            changed = [side for side in (ours, theirs) if spelled(side) != spelled(base)]
            return max(changed or [ours], key=lambda side: rank(side, rule))
        if left == known:
            return theirs
        if right == known:
            return ours
        decide: Callable[..., Any] = DECIDING.get(rule.strategy, lambda *_: MISSING)
        decided = decide(rule, base, ours, theirs)
        return self.register(path, rule, base, ours, theirs) if decided is MISSING else decided

    def register(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        lower, higher = sorted((ours, theirs), key=lambda side: rank(side, rule))
        base_stays = rule.strategy in ("immutable", "hold") or (rule.strategy == "once" and not nothing_set(base))
        if base_stays and base is not MISSING:
            self.open.append(Open(path, "edited-both", base, [lower, higher]))
            return base
        self.open.append(Open(path, "edited-both", base, [lower]))
        return higher

    def fields(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        """A map under `granular`: groups, then the other fields, then what is derived."""
        sides = (base, ours, theirs)
        merged: dict[str, Any] = {}
        grouped = set(chain.from_iterable(rule.groups.values()))
        for group, members in rule.groups.items():
            parts = [{name: side[name] for name in members if name in side} or MISSING for side in sides]
            merged |= self.group((*path, group), rule, members, *parts) or {}
        names = [name for name in dict.fromkeys(chain(*sides)) if name not in grouped]
        for name in sorted(names, key=lambda name: rule.field(name).strategy == "derived"):
            values = [side.get(name, MISSING) for side in sides]
            field, below = rule.field(name), (*path, name)
            if field.strategy == "derived":
                merged[name] = self.derived(below, field, merged, *values)
            else:
                merged[name] = self.entry(below, field, *values)
        present = {name for name, value in merged.items() if value is not MISSING}
        order, _ = ordered(present, *(list(side) for side in sides), by_key=rule.policy.order == "key")
        return {name: merged[name] for name in order}

    def elements(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        """A list that is looked into; MISSING where it is one value."""
        if rule.strategy in ("keyed", "log"):
            return self.keyed(path, rule, base, ours, theirs)
        if rule.strategy not in ("set", "sequence"):
            return MISSING
        items = {compared(item, rule.item): item for item in chain(base, ours, theirs)}
        texts = [[compared(item, rule.item) for item in side] for side in (base, ours, theirs)]
        merged = diff3(*texts) if rule.strategy == "sequence" else union(rule, *texts)
        return [items[text] for text in merged]

    # Strategies.

    def group(self, path: tuple[str, ...], rule: Any, members: Any, base: Any, ours: Any, theirs: Any) -> Any:
        """One register over sibling fields, or what the ladder among them decides."""
        whole = rule.step(path[-1])
        ladder = next((name for name in members if rule.field(name).strategy == "ladder"), None)
        differ = len({compared(value, rule) for value in (base, ours, theirs)}) == 3
        if ladder is None or not differ or MISSING in (ours, theirs):
            return self.entry(path, whole, base, ours, theirs)
        known = base or {}
        stages = [side.get(ladder, MISSING) for side in (known, ours, theirs)]
        winner = further(rule.field(ladder), *stages)
        if winner is None:
            return self.register(path, whole, base, ours, theirs)
        shown, other = (ours, theirs) if winner == 0 else (theirs, ours)

        def changed(side: Any, name: str) -> bool:
            before, after = (compared(each.get(name, MISSING), rule.field(name)) for each in (known, side))
            return before != after

        if any(changed(other, name) and not changed(shown, name) for name in members):
            self.open.append(Open(path, "edited-both", base, [other]))
        return shown

    def keyed(self, path: tuple[str, ...], rule: Any, base: Any, ours: Any, theirs: Any) -> Any:
        names = rule.policy.keys

        def by_key(side: list[Any]) -> dict[str, Any]:
            return {item_step(names, rule.item.standard(item)): item for item in side}

        sides = [by_key(side) for side in (base, ours, theirs)]
        if len(sides[1]) < len(ours) or len(sides[2]) < len(theirs):
            return MISSING
        if len(sides[0]) < len(base):
            sides[0] = {}
        merged = {}
        for key in dict.fromkeys(chain(*sides)):
            merged[key] = self.entry((*path, key), rule.item, *(side.get(key, MISSING) for side in sides))
        present = {key: value for key, value in merged.items() if value is not MISSING}
        known, left, right = (list(side) for side in sides)
        order, other = ordered(present, known, left, right, by_key=rule.policy.order == "key")
        if rule.strategy == "log" and known not in (left, right):
            at = rule.policy.at
            dated = {key: item.get(at) if isinstance(item, dict) else None for key, item in present.items()}
            times = {key: instant(moment) or EPOCH for key, moment in dated.items()}
            order = by_time(times, order, known, left, right)
        if other and rule.strategy == "keyed" and rule.policy.order == "source":
            self.open.append(Open(path, "order", MISSING, [[escaped(key) for key in other]]))
        return [merged[key] for key in order]

    def derived(self, path: tuple[str, ...], rule: Any, siblings: Any, base: Any, ours: Any, theirs: Any) -> Any:
        if base is not MISSING and MISSING in (ours, theirs):
            return MISSING
        present = {name: value for name, value in siblings.items() if value is not MISSING}
        computed = FUNCTIONS[rule.policy.function](present)
        return self.entry(path, rule, base, ours, theirs) if computed is MISSING else computed


def union(rule: Any, base: Texts, ours: Texts, theirs: Texts) -> Texts:
    """A set: (b and l and r) or (l - b) or (r - b)."""
    known, left, right = set(base), set(ours), set(theirs)
    merged = (known & left & right) | (left - known) | (right - known)
    return ordered(merged, base, ours, theirs, by_key=rule.policy.order == "key")[0]


def merge(rule: Any, base: Any, ours: Any, theirs: Any) -> tuple[Any, list[Open]]:
    """The merged value, MISSING where the record goes, and what is open, in order of the paths."""
    work = Merge()
    value = work.entry((), rule, base, ours, theirs)
    return value, sorted(work.open, key=lambda conflict: conflict.path)
