"""Policy: which strategy a field's schema asks for, from what it states and what JSON Schema already says.

Law: what is stated in `x-merge` (or in Kubernetes' spellings) comes first; else the type decides; else the default. The
answer depends on the schema alone, never on a record. A rule that contradicts itself is a `SchemaInvalid`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fieldvault.core import scalars
from fieldvault.core.keywords import Applying, Keywords
from fieldvault.core.values import Maybe, Value, canonical
from fieldvault.errors import SchemaInvalid

STATED, INFERRED, DEFAULT = "stated", "inferred", "default"

_STRATEGIES = (
    "register", "granular", "atomic", "keyed", "set", "sequence", "text", "log", "max", "min", "ladder", "terminal",
    "sum", "once", "or", "strictest", "immutable", "hold", "derived",
)  # fmt: skip
# The types of field that a strategy fits, where it does not fit any.
_FITS = {
    "granular": (scalars.OBJECT,), "keyed": (scalars.ARRAY,), "set": (scalars.ARRAY,), "sequence": (scalars.ARRAY,),
    "log": (scalars.ARRAY,), "text": (scalars.TEXT,), "sum": (scalars.NUMBER, scalars.INTEGER),
    "or": (scalars.BOOLEAN,), "max": (scalars.NUMBER, scalars.INTEGER, scalars.TEXT),
    "min": (scalars.NUMBER, scalars.INTEGER, scalars.TEXT),
}  # fmt: skip
_OPTIONS = ("group", "order", "at")  # what x-merge may say beside its strategy
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
    policy = _strategy({name: argument for name, argument in statement.items() if name not in _OPTIONS})
    group, order, at = statement.get("group"), statement.get("order", "source"), statement.get("at")
    if order not in _ORDERS:
        raise SchemaInvalid("schema-bad-argument", strategy="order", expected=_ORDERS)
    for option, name in (("group", group), ("at", at)):
        if not isinstance(name, str | None):
            raise SchemaInvalid("schema-bad-argument", strategy=option, expected=("a name",))
    if at is not None and policy.strategy != "log":
        raise SchemaInvalid("schema-bad-argument", strategy=policy.strategy or "at", expected=("at belongs to log",))
    return policy._replace(group=group, order=order, at=at)


def _strategy(asked: Mapping[str, Any]) -> Policy:
    """The strategy that is named, with its arguments; "" where none is."""
    if not asked:
        return Policy("", STATED)
    if asked.keys() <= {"ladder", "terminal"}:
        levels = {name: _levels(name, argument) for name, argument in asked.items()}
        return Policy("ladder", STATED, levels=levels.get("ladder", ()), terminal=levels.get("terminal", ()))
    if len(asked) > 1:
        raise SchemaInvalid("schema-several-strategies", strategies=tuple(asked))
    [(name, argument)] = asked.items()
    match name:
        case "keyed":
            return Policy(name, STATED, keys=_names(name, argument))
        case "log":
            return Policy(name, STATED, keys=(_name(name, argument),))
        case "derived":
            return Policy(name, STATED, function=_name(name, argument))
        case "strictest":
            return Policy(name, STATED, levels=_levels(name, argument))
    if name not in _STRATEGIES:
        raise SchemaInvalid("schema-unknown-strategy", strategy=name, known=tuple(sorted(_STRATEGIES)))
    if argument is not None:
        raise SchemaInvalid("schema-bad-argument", strategy=name, expected=())
    return Policy(name, STATED)


def _names(strategy: str, argument: Any) -> tuple[str, ...]:
    names = [argument] if isinstance(argument, str) else argument
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise SchemaInvalid("schema-bad-argument", strategy=strategy, expected=("the names of its fields",))
    return tuple(names)


def _name(strategy: str, argument: Any) -> str:
    names = _names(strategy, argument)
    if len(names) > 1:
        raise SchemaInvalid("schema-bad-argument", strategy=strategy, expected=("one name",))
    return names[0]


def _levels(strategy: str, argument: Any) -> tuple[Value, ...]:
    if not isinstance(argument, list) or not argument:
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


def check(policy: Policy, types: tuple[str, ...], item_fields: Sequence[str] | None) -> None:
    """Refuse a policy that its field cannot have. `item_fields`: the fields that the list's items state, if any."""
    fits = _FITS.get(policy.strategy)
    if types and fits and not set(fits) & set(types):
        raise SchemaInvalid("schema-strategy-type", strategy=policy.strategy, fits=fits, types=types)
    named = [*policy.keys, policy.at] if policy.at else list(policy.keys)
    missing = [name for name in named if item_fields and name not in item_fields]
    if missing:
        raise SchemaInvalid("schema-key-missing", strategy=policy.strategy, key=missing[0])


def check_levels(policy: Policy, enum: Sequence[Value] | None, standard: Callable[[Value], Maybe]) -> None:
    """Refuse levels that are no values of the field's enum, and one that stands twice. `standard` gives a value in the
    form in which the field compares two.
    """
    known = None if enum is None else {canonical(standard(value)) for value in enum}
    seen: set[str] = set()
    for level in (*policy.levels, *policy.terminal):
        name = canonical(standard(level))
        if known is not None and name not in known:
            raise SchemaInvalid("schema-level-unknown", strategy=policy.strategy, level=level)
        if name in seen:
            raise SchemaInvalid("schema-level-twice", strategy=policy.strategy, level=level)
        seen.add(name)
