"""What a server's words mean: its refs, its reasons, and the errors that dulwich makes of the rest.

Law: nothing that a server says is believed before it was looked at, and no more of it is shown than a person reads.
What dulwich raises is the server's or the link's doing; what our own code raises is a bug, and shows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping

from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.objects import ZERO_SHA, ObjectID
from dulwich.refs import Ref

from fieldvault.core.snapshot import Oid
from fieldvault.edge.git.gitdir.refs import check_name
from fieldvault.edge.git.hubs.hub import PREFIXES
from fieldvault.errors import FieldvaultError, HubRefused, HubUnreachable

_SAID_CHARACTERS_MAX = 400
_LOCKED = ".lock': File exists"  # git's words where another process holds a ref
_NO_ROOM = ("No space left on device", "Disk quota exceeded")
_OID = re.compile(rb"[0-9a-f]{40}")
_DULWICH_SAYS = ("Invalid ", "invalid ", "unexpected ", "unknown ", "received more", "Redirected ", "[Errno")


def oid_of(raw: bytes | None) -> Oid | None:
    """The id; None for git's way to say none. Raises GitProtocolError for what is no id."""
    if raw is not None and not _OID.fullmatch(raw):
        raise GitProtocolError("invalid object id")
    return None if raw is None or raw == ZERO_SHA else raw.decode("ascii")


def believable(refs: Mapping[Ref, ObjectID | None]) -> dict[str, Oid]:
    """The refs that concern a vault, and could be refs of git."""
    found = {}
    for name, raw in refs.items():
        ref, oid = name.decode("utf-8", "surrogateescape"), oid_of(raw)
        if oid is not None and ref.startswith(PREFIXES):
            with contextlib.suppress(FieldvaultError):
                check_name(ref)
                found[ref] = oid
    return found


def text_of(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def reason_of(status: str | None, said: Iterable[bytes]) -> str | None:
    """Why a server refused a ref, with what its hook said; None where it did not."""
    if status is None:
        return None
    hook = b"".join(said).decode("ascii", "replace")
    return ": ".join(filter(None, [status, " ".join(hook.split())]))[:_SAID_CHARACTERS_MAX]


def is_full(reason: str | None) -> bool:
    """Whether the reason is the server's disk, which is the fault of no ref and of no commit."""
    return reason is not None and any(words in reason for words in _NO_ROOM)


def is_being_written(reason: str) -> bool:
    """Whether the reason is that somebody moves the ref just now."""
    return _LOCKED in reason


def is_foreign(error: Exception) -> bool:
    """A server that makes no sense makes dulwich raise nearly anything; what our own code raises is a bug and shows."""
    if isinstance(error, GitProtocolError):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("dulwich.")


def translated(error: Exception, host: str, pushing: bool) -> FieldvaultError:
    """What a foreign error is to us: the server refused, or the link failed."""
    text = " ".join(str(argument) for argument in error.args)[:_SAID_CHARACTERS_MAX]
    if isinstance(error, NotGitRepository) or "not exported" in text or "epository not found" in text:
        # git daemon gives one answer for a repository it does not serve and for a service it does not offer.
        return HubRefused("hub-forbidden" if pushing else "hub-not-found", host=host)
    if "not our ref" in text:  # it moved since we asked, or the link changed an id
        return HubUnreachable("hub-unreachable", host=host, reason="garbled")
    if isinstance(error, HangupException) or text.startswith("Length of pkt read"):
        return HubUnreachable("hub-unreachable", host=host, reason="cut")
    if isinstance(error, GitProtocolError) and not text.startswith(_DULWICH_SAYS):  # the server said it in words
        return HubRefused("hub-said", host=host, reason=text)
    return HubUnreachable("hub-unreachable", host=host, reason="garbled")
