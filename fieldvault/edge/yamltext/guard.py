"""The guard: what a record may not hold, refused with its line while it is read.

Law: every refusal is an `Unreadable` with a kind of its own. Aliases count as what they stand for, so that a few lines
cannot grow into a gigabyte.
"""

from __future__ import annotations

from typing import NamedTuple

import yaml

from fieldvault.core.nodes import Alias, Collection, Node
from fieldvault.errors import Unreadable


class Limits(NamedTuple):
    """What a record may hold: bytes of the file, levels of nesting, nodes with aliases written out.

    `map_only`: a record is a map; merge-file takes any document.
    """

    bytes_max: int = 256 * 1024
    depth_max: int = 32
    nodes_max: int = 20_000
    map_only: bool = True


def start_of(event: yaml.Event) -> int:
    """The index of the event's first character."""
    assert event.start_mark is not None  # libyaml marks every event
    return event.start_mark.index


def end_of(event: yaml.Event) -> int:
    """The index after the event's last character."""
    assert event.end_mark is not None
    return event.end_mark.index


def column_of(event: yaml.Event) -> int:
    """The column of the event's first character, from 0."""
    assert event.start_mark is not None
    return event.start_mark.column


def line_of(event: yaml.Event) -> int:
    """The event's line, from 1."""
    assert event.start_mark is not None
    return event.start_mark.line + 1


def refused(kind: str, event: yaml.Event, **facts: object) -> Unreadable:
    """The error for something that a record may not hold."""
    return Unreadable(kind, line=line_of(event), column=column_of(event) + 1, **facts)


class Guard:
    """Counts what has been read, and remembers the anchors that aliases may name."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.nodes = 0
        self._aliases = 0
        self._depth = 0
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._unfinished: set[str] = set()

    @property
    def anchored(self) -> bool:
        """Whether something had an anchor."""
        return bool(self._anchors)

    def count(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        """One more node."""
        if event.tag:
            raise refused("yaml-tag", event, tag=event.tag)
        self._add(event, 1)

    def _add(self, event: yaml.Event, weight: int) -> None:
        self.nodes += weight
        if self.nodes > self.limits.nodes_max:
            raise refused("yaml-too-many-nodes", event, limit=self.limits.nodes_max)

    def enter(self, event: yaml.CollectionStartEvent) -> tuple[int, int]:
        """A collection begins; gives what `leave` wants to know: the nodes and the aliases that were read before."""
        before = self.nodes, self._aliases
        self.count(event)
        if event.anchor:
            self._unfinished.add(event.anchor)
        self._depth += 1
        if self._depth > self.limits.depth_max:
            raise refused("yaml-too-deep", event, limit=self.limits.depth_max)
        return before

    def leave(self, event: yaml.CollectionStartEvent, node: Collection, before: tuple[int, int]) -> None:
        """The collection that began with `event` is complete."""
        nodes, aliases = before
        self._depth -= 1
        node.aliased = self._aliases > aliases
        if event.anchor:
            self._unfinished.discard(event.anchor)
            self._anchors[event.anchor] = node, self.nodes - nodes

    def anchor(self, name: str, node: Node) -> None:
        """A scalar that aliases may name."""
        self._anchors[name] = node, 1

    def alias(self, event: yaml.AliasEvent) -> Alias:
        """The node of an alias, which counts as what it stands for."""
        name = event.anchor or ""
        if name in self._unfinished:
            raise refused("yaml-recursive-alias", event, name=name)
        if name not in self._anchors:
            raise refused("yaml-unknown-alias", event, name=name)
        target, weight = self._anchors[name]
        self._add(event, weight)
        self._aliases += 1
        assert not isinstance(target, Alias)
        return Alias(name, target)

    def key(self, event: yaml.Event) -> yaml.ScalarEvent:
        """The event of a key."""
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or not (event.value or event.style):
            raise refused("yaml-complex-key", event)
        if event.value == "<<" and not event.style:
            raise refused("yaml-merge-key", event)
        self.count(event)
        return event
