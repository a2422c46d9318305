"""Policy: which strategy a field's schema asks for, from what it states and what JSON Schema already says.

Law: what is stated in `x-merge` (or in Kubernetes' spellings) comes first; else the type decides; else the default. The
answer depends on the schema alone, never on a record. A rule that contradicts itself is a `SchemaInvalid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from fieldvault.core import scalars
from fieldvault.core.keywords import Applying, Keywords
from fieldvault.core.values import Value
from fieldvault.errors import SchemaInvalid

STATED, INFERRED, DEFAULT = "stated", "inferred", "default"

# What each strategy takes beside its name, and the types of field that it fits (none: any).
_ARGUMENTS = {
    "register": "none", "granular": "none", "atomic": "none", "keyed": "names", "set": "none", "sequence": "none",
    "text": "none", "log": "name", "max": "none", "min": "none", "ladder": "values", "terminal": "values",
    "sum": "none", "once": "none", "or": "none", "strictest": "values", "immutable": "none", "hold": "none",
    "derived": "name",
}  # fmt: skip
_FITS = {
    "granular": (scalars.OBJECT,), "keyed": (scalars.ARRAY,), "set": (scalars.ARRAY,), "sequence": (scalars.ARRAY,),
    "log": (scalars.ARRAY,), "text": (scalars.TEXT,), "sum": (scalars.NUMBER, scalars.INTEGER),
    "or": (scalars.BOOLEAN,), "max": (scalars.NUMBER, scalars.INTEGER, scalars.TEXT),
    "min": (scalars.NUMBER, scalars.INTEGER, scalars.TEXT),
}  # fmt: skip
_ORDERS = ("source", "key", "none")


class Policy(NamedTuple):
    """How one field merges. `keys`: of a keyed list or log; `at`: a log's instant; `levels`: of ladder or strictest."""

    strategy: str
    why: str = DEFAULT
    group: str | None = None
    keys: tuple[str, ...] = ()
    at: str | None = None
    levels: tuple[Value, ...] = ()
    terminal: tuple[Value, ...] = ()
    function: str | None = None
    order: str = "source"


def stated(keywords: Keywords) -> Policy | None:
    """The policy that one schema object states, if it states one. A strategy of "" leaves the strategy to inference."""
    if "x-merge" in keywords:
        return _from_x_merge(keywords["x-merge"])
    if keywords.get("x-kubernetes-map-type") == "atomic" or keywords.get("x-kubernetes-list-type") == "atomic":
        return Policy("atomic", STATED)
    if keywords.get("x-kubernetes-list-type") == "set":
        return Policy("set", STATED)
    if "x-kubernetes-list-map-keys" in keywords:
        return Policy("keyed", STATED, keys=_names("keyed", keywords["x-kubernetes-list-map-keys"]))
    return None


def _from_x_merge(statement: Any) -> Policy:
    if isinstance(statement, str):
        statement = {statement: None}
    if not isinstance(statement, dict):
        raise SchemaInvalid("schema-merge-shape")
    options = {name: value for name, value in statement.items() if name in ("group", "order", "at")}
    names = [name for name in statement if name not in options]
    if set(names) == {"ladder", "terminal"}:
        names = ["ladder"]
    if len(names) > 1:
        raise SchemaInvalid("schema-several-strategies", strategies=tuple(names))
    group, order, at = options.get("group"), options.get("order", "source"), options.get("at")
    if order not in _ORDERS:
        raise SchemaInvalid("schema-bad-argument", strategy="order", expected=_ORDERS)
    if not isinstance(group, str | None) or not isinstance(at, str | None):
        raise SchemaInvalid("schema-bad-argument", strategy="group" if at is None else "at", expected=("a name",))
    if not names:
        return Policy("", STATED, group=group, order=order)
    name = names[0]
    if name not in _ARGUMENTS:
        raise SchemaInvalid("schema-unknown-strategy", strategy=name, known=tuple(sorted(_ARGUMENTS)))
    if at is not None and name != "log":
        raise SchemaInvalid("schema-bad-argument", strategy=name, expected=("at belongs to log",))
    argument = statement[name]
    if name in ("ladder", "terminal"):
        levels = _levels("ladder", statement.get("ladder", []), empty=True)
        terminal = _levels("terminal", statement.get("terminal", []), empty=True)
        return Policy("ladder", STATED, group, levels=levels, terminal=terminal, order=order)
    kind = _ARGUMENTS[name]
    if kind == "names":
        return Policy(name, STATED, group, keys=_names(name, argument), order=order)
    if kind == "values":
        return Policy(name, STATED, group, levels=_levels(name, argument), order=order)
    if kind == "name":
        key = _names(name, argument)[0]
        if name == "log":
            return Policy(name, STATED, group, keys=(key,), at=at, order=order)
        return Policy(name, STATED, group, function=key, order=order)
    if argument is not None:
        raise SchemaInvalid("schema-bad-argument", strategy=name, expected=())
    return Policy(name, STATED, group, order=order)


def _names(strategy: str, argument: Any) -> tuple[str, ...]:
    names = [argument] if isinstance(argument, str) else argument
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise SchemaInvalid("schema-bad-argument", strategy=strategy, expected=("the names of its fields",))
    return tuple(names)


def _levels(strategy: str, argument: Any, *, empty: bool = False) -> tuple[Value, ...]:
    if not isinstance(argument, list) or not (argument or empty):
        raise SchemaInvalid("schema-bad-argument", strategy=strategy, expected=("a list of values",))
    return tuple(argument)


def inferred(field: Applying, item: Applying) -> Policy:
    """The policy that the schema implies by what it says of the field, and of each item of its list."""
    for keywords in field.always:
        if keywords.get("readOnly") is True or "const" in keywords:
            return Policy("immutable", INFERRED)
        if str(keywords.get("contentMediaType", "")).startswith("text/"):
            return Policy("text", INFERRED)
    if field.types == (scalars.ARRAY,):
        return _inferred_list(field, item)
    if not field.types:
        return Policy("granular")  # on a map; whatever is no map merges as a register
    if scalars.OBJECT in field.types:
        return Policy("granular", INFERRED)
    return Policy("register")


def _inferred_list(field: Applying, item: Applying) -> Policy:
    for key in ("id", "key"):
        if key in item.required:
            return Policy("keyed", INFERRED, keys=(key,))
    unique = any(keywords.get("uniqueItems") is True for keywords in field.always)
    scalar_items = bool(item.types) and not {scalars.OBJECT, scalars.ARRAY} & set(item.types)
    return Policy("set", INFERRED) if unique and scalar_items else Policy("register")


def check(
    policy: Policy, types: tuple[str, ...], item_fields: Sequence[str] | None, enum: Sequence[Value] | None
) -> None:
    """Refuse a policy that its field cannot have. `item_fields`: the fields that the list's items state, if any."""
    fits = _FITS.get(policy.strategy)
    if types and fits and not set(fits) & set(types):
        raise SchemaInvalid("schema-strategy-type", strategy=policy.strategy, fits=fits, types=types)
    named = [*policy.keys, policy.at] if policy.at else list(policy.keys)
    missing = [name for name in named if item_fields and name not in item_fields]
    if missing:
        raise SchemaInvalid("schema-key-missing", strategy=policy.strategy, key=missing[0])
    levels = [*policy.levels, *policy.terminal]
    for place, level in enumerate(levels):
        if enum is not None and level not in enum:
            raise SchemaInvalid("schema-level-unknown", strategy=policy.strategy, level=level)
        if level in levels[:place]:
            raise SchemaInvalid("schema-level-twice", strategy=policy.strategy, level=level)
