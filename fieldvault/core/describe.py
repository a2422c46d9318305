"""What changed, in the words of a colleague: the message of a commit that nobody wrote one for.

Law: text for the history, made from facts alone; what a command says to the person stands in messages/.
`Boulangerie Lefèvre: phone std, notes +1`
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fieldvault.core.changes import FieldChange
from fieldvault.core.names import is_record
from fieldvault.core.values import MISSING, FieldPath, Value, canonical

if TYPE_CHECKING:  # whoever asks for a field's title has it
    from fieldvault.core.schema import Schema

SUBJECT_CHARS_MAX = 72
FIELDS_MAX = 6
_LEFT_OPEN = "Left open by git's merge: "
MERGE_TRAILER = "Fv-Merge: 1"  # tells merges by fields from those that plain git made
_TITLES = ("name", "title", "number", "sku", "subject", "label", "id")


class FileChange(NamedTuple):
    """One file that differs. `kind`: new, changed, removed, renamed; `title`: how a person calls the record or file."""

    path: str
    kind: str
    title: str
    type: str = ""  # the record's type; "" for an attachment, or a record without one
    record: str | None = None  # its id
    fields: tuple[FieldChange, ...] = ()
    old_path: str | None = None


def title_of(value: Value | None, path: str) -> str:
    """How a person calls a record: its name, title or number, else the name of its file without the id."""
    if isinstance(value, dict):
        for key in _TITLES:
            found = value.get(key)
            if isinstance(found, str) and found.strip():
                return " ".join(found.split())
            if isinstance(found, dict) and key == "name":
                parts = (found.get(part) for part in ("given", "surname", "full"))
                if words := [part for part in parts if isinstance(part, str) and part]:
                    return " ".join(words)
    return path.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml").split("~")[0]


def field_title(field: FieldPath, schema: Schema) -> str:
    """How a person calls a field: by the titles on the way to it, and an item by its key."""
    words, rule = [], schema.root
    for step in field:
        item = bool(rule.items)
        rule = rule.step(step)
        words.append(step if item else rule.title or step)
    return " › ".join(words)


def commit_message(changes: Sequence[FileChange], doubted: Sequence[str] = ()) -> str:
    """The message for these changes: a subject, and for several files a line each below it. `doubted`: the titles of
    records of which an old version was saved, and nothing else: what that left open is all that changes.
    """
    if not changes:
        return _cut(f"Old version saved: {', '.join(doubted)}") + "\n" if doubted else "Settle conflicts\n"
    if len(changes) == 1:
        return _cut(_line(changes[0])) + "\n"
    names = list(dict.fromkeys(change.title for change in changes))
    subject = f"{count_of(changes)}: {', '.join(names)}"
    body = "".join(f"- {_line(change)}\n" for change in changes[:100])
    more = f"- and {len(changes) - 100} more\n" if len(changes) > 100 else ""
    return f"{_cut(subject)}\n\n{body}{more}"


def merge_message(authors: Iterable[str]) -> str:
    """The message of a merge with the work of these people (`Name <mail>`)."""
    names = list(dict.fromkeys(author.split(" <")[0] for author in authors))
    shown = names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return _cut(f"Merge with {', '.join(shown) or 'the hub'}") + f"\n\n{MERGE_TRAILER}\n"


def left_open_message(count: int) -> str:
    """The message of the commit that takes up what merges of plain git left open."""
    return f"{_LEFT_OPEN}{count} {'field' if count == 1 else 'fields'}\n"


def is_left_open(message: str) -> bool:
    return message.startswith(_LEFT_OPEN)


def drafts_message(paths: Iterable[str]) -> str:
    """The message for the drafts that stand at these paths."""
    return _cut(f"Drafts: {', '.join(sorted(paths)) or 'none'}") + "\n"


def staged_message(paths: Iterable[str]) -> str:
    """The message for versions of these files that were only staged."""
    return _cut(f"Staged: {', '.join(sorted(paths))}") + "\n"


def count_of(changes: Iterable[FileChange]) -> str:
    """`2 records, 1 file`."""
    changes = list(changes)
    records = sum(is_record(change.path) for change in changes)
    files = len(changes) - records
    parts = [f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in ((records, "record"), (files, "file")) if n]
    return ", ".join(parts)


def _line(change: FileChange) -> str:
    if change.kind == "new":
        return f"New {change.type or 'file'} {change.title}"
    if change.kind == "removed":
        return f"Remove {change.title}"
    if change.kind == "renamed":
        return f"Move {change.title} to {change.path}"
    words = field_words(change.fields)
    return f"{change.title}: {', '.join(words)}" if words else f"Change {change.title}"


def field_words(fields: Sequence[FieldChange]) -> list[str]:
    """`phone std`, `notes +1`, `tags +2 -1`: each changed field once, at most FIELDS_MAX of them."""
    words: list[str] = []
    counts: dict[str, tuple[int, int]] = {}
    for field in fields:
        name = field.path[0] if field.path else ""
        gained, lost = _gain(field)
        if gained or lost:
            plus, minus = counts.get(name, (0, 0))
            counts[name] = plus + gained, minus + lost
        else:
            words.append(_word(field.path))
    words += [
        name + (f" +{plus}" if plus else "") + (f" -{minus}" if minus else "") for name, (plus, minus) in counts.items()
    ]
    words = list(dict.fromkeys(words))
    if len(words) > FIELDS_MAX:
        words[FIELDS_MAX - 1 :] = [f"{len(words) - FIELDS_MAX + 1} more"]
    return words


def _gain(field: FieldChange) -> tuple[int, int]:
    """Items that came to a list and items that went; (0, 0) for what is no list."""
    if len(field.path) == 2 and _is_random(field.path[1]):
        return int(field.old is MISSING), int(field.new is MISSING)
    if isinstance(field.old, list) or isinstance(field.new, list):
        old = {canonical(item) for item in field.old} if isinstance(field.old, list) else set()
        new = {canonical(item) for item in field.new} if isinstance(field.new, list) else set()
        return len(new - old), len(old - new)
    return 0, 0


def _is_random(key: str) -> bool:
    """A key that says nothing to a person: `n7x2kq`; keys that people speak (`std`, `gsm`) have no digit."""
    return any(character.isdigit() for character in key)


def _word(path: FieldPath) -> str:
    if not path:
        return "the record"
    if len(path) == 1:
        return path[0].replace("_", " ")
    name = path[0].replace("_", " ")
    return f"{name.removesuffix('s') if not name.endswith('ss') else name} {path[1]}"


def _cut(text: str) -> str:
    return text if len(text) <= SUBJECT_CHARS_MAX else text[: SUBJECT_CHARS_MAX - 1].rstrip(" ,") + "…"
