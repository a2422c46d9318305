"""The errors that Fieldvault raises on purpose.

Law: an error carries facts, never sentences. `kind` is a key of the message catalogue (fieldvault/messages), where the
sentence and the hint for a person stand; `facts` are the values those sentences name, and `path`, `line` and `column`
among them also stand in the JSON form. Anything raised that is not a FieldvaultError is a bug.
"""

from __future__ import annotations

import errno

# Exit codes of a command that more than one floor speaks of.
EXIT_AWAY = 4  # the hub was not there, or not every byte got there
EXIT_INTERRUPTED = 130  # Ctrl-C, or whoever else asked it to end


class FieldvaultError(Exception):
    """An expected failure. `kind` names the message; `facts` are its values; `exit_code` is the command's."""

    exit_code = 1

    def __init__(self, kind: str, **facts: object) -> None:
        super().__init__(kind, facts)
        self.kind = kind
        self.facts = facts


class Unreadable(FieldvaultError):
    """Bytes that are no readable record or schema. Facts: line and column, from 1, where they are known."""


class SchemaInvalid(FieldvaultError):
    """A schema whose merge rules contradict themselves. Facts: field (JSON Pointer), path and line where known."""


class HubUnreachable(FieldvaultError):
    """The hub did not answer, or the link was cut: everything is committed here and goes later."""

    exit_code = EXIT_AWAY


class HubRefused(FieldvaultError):
    """The hub answered and said no: a login, a right, a rule of the server."""


class Busy(FieldvaultError):
    """Another process holds what this one needs, beyond the time that we wait."""


class Corrupt(FieldvaultError):
    """An object or ref of the repository cannot be read, or is not there."""


def system_error(failure: OSError) -> FieldvaultError:
    """What the system refused, where no room had a better word for it."""
    path = str(failure.filename or "")
    if failure.errno in (errno.ENOSPC, errno.EDQUOT):
        return FieldvaultError("disk-full")
    if failure.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FieldvaultError("denied", path=path)
    return FieldvaultError("system", path=path, reason=failure.strerror or str(failure))
