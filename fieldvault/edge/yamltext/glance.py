"""A glance: whether bytes are certainly a readable record, in a third of the time that reading them takes.

Law: True only where `read` succeeds. Whatever is unusual (anchors, tags, `?`, carriage returns, a byte order mark) gets
no answer here but a proper reading: there is one place that refuses, and one list of reasons. For a first commit of
100,000 records this is most of the work.
"""

from __future__ import annotations

import re

import yaml

from fieldvault.edge.yamltext.guard import Limits

# What a plain record does not hold: controls and the odd line ends of YAML 1.1, explicit keys, git's markers.
_UNUSUAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MARKS = ("? ", "?\n", "?\t", "<" * 7, "=" * 7, ">" * 7)  # wherever they stand: to look for them so takes no time


def plainly_readable(data: bytes, limits: Limits) -> bool:
    """Whether `read` would succeed, where that can be told without cutting the text; False: ask `read`."""
    if len(data) > limits.bytes_max:
        return False
    try:
        text = data.decode("utf-8")
        unusual = any(mark in text for mark in _MARKS) or _UNUSUAL.search(text)
        return not unusual and _is_plain(text, limits)
    except (UnicodeDecodeError, yaml.YAMLError):
        return False


def _is_plain(text: str, limits: Limits) -> bool:
    events = yaml.parse(text, Loader=yaml.CBaseLoader)
    opening = [type(next(events)) for _ in range(2)]
    if opening != [yaml.StreamStartEvent, yaml.DocumentStartEvent]:
        return False
    open_maps: list[set[str] | None] = []  # the keys of each open map, None for a list
    at_key: list[bool] = []
    nodes = 0
    for event in events:
        kind = type(event)
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            open_maps.pop()
            at_key.pop()
            if not open_maps:
                return [type(rest) for rest in events] == [yaml.DocumentEndEvent, yaml.StreamEndEvent]
            continue
        nodes += 1
        if not isinstance(event, yaml.NodeEvent) or event.anchor or getattr(event, "tag", None):
            return False
        if nodes > limits.nodes_max or not _fits(event, kind, open_maps, at_key):
            return False
        if kind is not yaml.ScalarEvent:
            open_maps.append(set() if kind is yaml.MappingStartEvent else None)
            at_key.append(True)
            if len(open_maps) > limits.depth_max:
                return False
    return False


def _fits(event: yaml.NodeEvent, kind: type, open_maps: list[set[str] | None], at_key: list[bool]) -> bool:
    """Whether a node may stand where it does: a map at the top, and keys that are scalars, each once."""
    if not open_maps:
        return kind is yaml.MappingStartEvent
    keys = open_maps[-1]
    if keys is None:
        return True
    if at_key[-1]:
        key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if not key or key == "<<" or key in keys:
            return False
        keys.add(key)
    at_key[-1] = not at_key[-1]
    return True
