"""The guard: what a record may not hold, refused with its line while it is read.

Law: every refusal is an `Unreadable` with a kind of its own. Aliases count as what they stand for, so that a few lines
cannot grow into a gigabyte.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from fieldvault.core.nodes import Alias, Node
from fieldvault.errors import Unreadable


@dataclass(frozen=True)
class Limits:
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


def line_of(event: yaml.Event) -> int:
    """The event's line, from 1."""
    assert event.start_mark is not None
    return event.start_mark.line + 1


def refused(kind: str, event: yaml.Event, **facts: object) -> Unreadable:
    """The error for something that a record may not hold."""
    assert event.start_mark is not None
    return Unreadable(kind, line=line_of(event), column=event.start_mark.column + 1, **facts)


class Guard:
    """Counts what has been read, and remembers the anchors that aliases may name."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.nodes = 0
        self._depth = 0
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._unfinished: set[str] = set()

    @property
    def anchored(self) -> bool:
        """Whether something had an anchor."""
        return bool(self._anchors)

    def count(self, event: yaml.Event, weight: int = 1) -> None:
        """One more node, or as many as an alias stands for."""
        self.nodes += weight
        if self.nodes > self.limits.nodes_max:
            raise refused("yaml-too-many-nodes", event, limit=self.limits.nodes_max)

    def untagged(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag:
            raise refused("yaml-tag", event, tag=tag)

    def enter(self, event: yaml.CollectionStartEvent) -> None:
        self.count(event)
        if event.anchor:
            self._unfinished.add(event.anchor)
        self._depth += 1
        if self._depth > self.limits.depth_max:
            raise refused("yaml-too-deep", event, limit=self.limits.depth_max)

    def leave(self, event: yaml.CollectionStartEvent, node: Node, before: int) -> None:
        """The collection that began with `event`, when `before` nodes had been read, is complete."""
        self._depth -= 1
        if event.anchor:
            self._unfinished.discard(event.anchor)
            self._anchors[event.anchor] = node, self.nodes - before

    def anchor(self, name: str | None, node: Node) -> None:
        """A scalar that aliases may name."""
        if name:
            self._anchors[name] = node, 1

    def alias(self, event: yaml.AliasEvent) -> Alias:
        """The node of an alias."""
        name = event.anchor or ""
        if name in self._unfinished:
            raise refused("yaml-recursive-alias", event, name=name)
        if name not in self._anchors:
            raise refused("yaml-unknown-alias", event, name=name)
        target, weight = self._anchors[name]
        self.count(event, weight)
        assert not isinstance(target, Alias)
        return Alias(name, target)

    def key(self, event: yaml.Event, keys: dict[str, int], key: str) -> None:
        """A key of the map whose other keys, with their lines, are `keys`."""
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or not (key or event.style):
            raise refused("yaml-complex-key", event)
        self.untagged(event)
        if key == "<<" and not event.style:
            raise refused("yaml-merge-key", event)
        if key in keys:
            raise refused("yaml-duplicate-key", event, key=key, first_line=keys[key])
        keys[key] = line_of(event)
        self.count(event)
