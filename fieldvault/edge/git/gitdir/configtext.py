"""The syntax of git's configuration files.

Law: read as git reads it, and an edit changes the lines of its own key; comments and layout of the person stay.
The traps avoided: dulwich's parser costs 22 ms to import on every commit, and writes a file anew without its comments.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fieldvault.errors import FieldvaultError

_BLANK = re.compile(r"(?:\s|[#;][^\n]*)*")
_SECTION = re.compile(r'\[[ \t]*([-.A-Za-z0-9]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[ \t]*\]')
_VARIABLE = re.compile(r"([A-Za-z][-A-Za-z0-9]*)[ \t]*(=)?[ \t]*")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", '"': '"', "\\": "\\"}


class Key(NamedTuple):
    """A variable's full name; section and name count without case, the subsection ("" for none) with it."""

    section: str
    subsection: str
    name: str


class Setting(NamedTuple):
    """One line that sets a variable: its value, and the part of the text that a removal takes out."""

    key: Key
    value: str
    start: int
    end: int


def make_key(*words: str) -> Key:
    """("user", "name") or ("remote", "origin", "url")."""
    section, *subsection, name = words
    return Key(section.lower(), subsection[0] if subsection else "", name.lower())


def parse_key(dotted: str) -> Key:
    """`remote.origin.url`; the subsection may hold dots itself."""
    section, _, rest = dotted.partition(".")
    subsection, _, name = rest.rpartition(".")
    return Key(section.lower(), subsection, name.lower())


def parse(text: str, path: str) -> list[Setting]:
    """Every setting in order; FieldvaultError("git-config-unreadable", path, line) where git would stop as well.

    A variable without `=` has the value "true", as git's booleans read it.
    """
    settings: list[Setting] = []
    section, subsection = "", ""
    position = 1 if text.startswith("\ufeff") else 0
    while (position := _skip(_BLANK, text, position)) < len(text):
        if header := _SECTION.match(text, position):
            section, subsection = _section(header)
            position = header.end()
            continue
        variable = _VARIABLE.match(text, position)
        if variable is None:
            raise _unreadable(text, position, path)
        start = text.rfind("\n", 0, position) + 1
        if text[start:position].strip():  # the section's header stands on the same line
            start = position
        if variable[2]:
            value, position = _value(text, variable.end(), path)
        elif _skip(_BLANK, text, variable.end()) < len(text) and text[variable.end()] not in "\r\n#;":
            raise _unreadable(text, position, path)
        else:
            value, position = "true", variable.end()
        line_end = text.find("\n", position)
        position = len(text) if line_end < 0 else line_end + 1
        settings.append(Setting(Key(section, subsection, variable[1].lower()), value, start, position))
    return settings


def edit(text: str, path: str, key: Key, value: str | None) -> str:
    """The text with `key` set to `value`, or with None removed. Of several settings the last is the one that counts."""
    settings = [setting for setting in parse(text, path) if setting.key == key]
    if value is None:
        for setting in reversed(settings):
            text = text[: setting.start] + text[setting.end :]
        return text
    line = f"\t{key.name} = {_quoted(value)}\n"
    if settings:
        last = settings[-1]
        return text[: last.start] + line + text[last.end :]
    text = text if text.endswith("\n") or not text else text + "\n"
    headers = [found for found in _SECTION.finditer(text) if _section(found) == key[:2] and _starts_line(text, found)]
    if not headers:
        return f"{text}{_header(key)}\n{line}"
    line_end = text.index("\n", headers[-1].end()) + 1
    return text[:line_end] + line + text[line_end:]


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _starts_line(text: str, match: re.Match[str]) -> bool:
    """Whether a header stands first on its line, with nothing after it: other brackets may be part of a value."""
    line = text[text.rfind("\n", 0, match.start()) + 1 : text.find("\n", match.end())]
    return line.strip() == match[0]


def _section(match: re.Match[str]) -> tuple[str, str]:
    section, subsection = match[1], match[2]
    if subsection is None:
        section, _, subsection = section.partition(".")  # the old spelling, [remote.origin]
        return section.lower(), subsection.lower()
    return section.lower(), re.sub(r"\\(.)", r"\1", subsection)


def _value(text: str, position: int, path: str) -> tuple[str, int]:
    """The value that starts here, and where its last line ends."""
    value: list[str] = []
    kept = 0  # blanks at the end fall away unless quoted
    quoted = False
    while position < len(text) and text[position] != "\n":
        character = text[position]
        if character == "\\":
            if line_break := re.compile(r"\\\r?\n").match(text, position):
                position = line_break.end()
                continue
            escaped = _ESCAPES.get(text[position + 1 : position + 2])
            if escaped is None:
                raise _unreadable(text, position, path)
            value.append(escaped)
            position += 1
            kept = len(value)
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "#;":
            position = text.find("\n", position) if "\n" in text[position:] else len(text)
            break
        elif quoted or not character.isspace():
            value.append(character)
            kept = len(value)
        elif value:
            value.append(character)
        position += 1
    if quoted:
        raise _unreadable(text, position, path)
    return "".join(value[:kept]), position


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"' if value != value.strip() or any(mark in value for mark in "#;") else escaped


def _header(key: Key) -> str:
    if not key.subsection:
        return f"[{key.section}]"
    escaped = key.subsection.replace("\\", "\\\\").replace('"', '\\"')
    return f'[{key.section} "{escaped}"]'


def _unreadable(text: str, position: int, path: str) -> FieldvaultError:
    return FieldvaultError("git-config-unreadable", path=path, line=text.count("\n", 0, position) + 1)
