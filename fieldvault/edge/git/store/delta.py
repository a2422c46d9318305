"""One object as a delta of another: copies of the base, and what is new between them.

Law: time grows with the two sizes, never with their product. Pieces (a tree's entries, a text's lines) are looked up by
their content, and each copy is stretched byte by byte, so that an edit costs its changed bytes, and a tree the twenty
bytes of each id that changed.
The trap avoided: dulwich's create_delta compares with difflib, which takes seconds for a folder of 10,000 records.
"""

from __future__ import annotations

from collections.abc import Iterator

_COPY_MOST = 0xFFFFFF  # bytes in one copy
_INSERT_MOST = 127  # bytes in one insertion
_COPY_LEAST = 8  # a copy itself takes up to seven bytes
_ID_BYTES = 20
_SIZES_BYTES = 20  # of the two numbers that a delta begins with, at most
_STEP = 512  # bytes compared at once


def make_delta(kind: str, base: bytes, target: bytes) -> bytes:
    """`target` as changes of `base`, in the form of pack entries; `kind` (tree, or other) says where pieces end."""
    delta = bytearray(_number(len(base)) + _number(len(target)))
    done = 0
    for start, end, source in _copies(kind, base, target):
        _insert(delta, target[done:start])
        _copy(delta, source, end - start)
        done = end
    _insert(delta, target[done:])
    return bytes(delta)


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """What `make_delta` was given. ValueError or IndexError for a damaged delta, or one of another base."""
    base_bytes, place = _read_number(delta, 0)
    target_bytes, place = _read_number(delta, place)
    if base_bytes != len(base):
        raise ValueError("a delta of another base")
    pieces = []
    while place < len(delta):
        command = delta[place]
        place += 1
        if not command & 0x80:
            pieces.append(delta[place : place + command])
            place += command
            continue
        start, place = _read_bytes(delta, place, command & 0x0F)
        length, place = _read_bytes(delta, place, command >> 4 & 0x07)
        pieces.append(base[start : start + (length or 0x10000)])
    target = b"".join(pieces)
    if len(target) != target_bytes:
        raise ValueError("a delta that makes another size than declared")
    return target


def result_size(delta: bytes) -> int:
    """How many bytes a delta says that it makes: the second of the two numbers that it begins with."""
    start = delta[:_SIZES_BYTES]
    return _read_number(start, _read_number(start, 0)[1])[0]


def _read_number(delta: bytes, place: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; and where it ends."""
    number, shift = 0, 0
    while True:
        byte = delta[place]
        place += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, place


def _read_bytes(delta: bytes, place: int, present: int) -> tuple[int, int]:
    """A number of which only the bytes that are not zero stand there, the lowest first; and where it ends."""
    number, shift = 0, 0
    while present:
        if present & 1:
            number |= delta[place] << shift
            place += 1
        shift += 8
        present >>= 1
    return number, place


def _copies(kind: str, base: bytes, target: bytes) -> Iterator[tuple[int, int, int]]:
    """(start, end) in the target and the place in the base that reads the same, in order and disjoint."""
    places: dict[bytes, int] = {}
    for start, end in _pieces(kind, base):
        places.setdefault(base[start:end], start)
    done, follow = 0, 0  # up to where the target is copied, and where the base goes on after that
    for start, end in _pieces(kind, target):
        if start < done:
            continue
        found = follow + start - done  # as if what lies between had kept its length: a new id, a new digit
        if base[found : found + end - start] != target[start:end]:
            found = places.get(target[start:end], min(found, len(base)))  # never beyond its end
        length = _common(base, found, target, start)
        back = _common_back(base, found, target, start, done)
        if length + back >= _COPY_LEAST:
            yield start - back, start + length, found - back
            done, follow = start + length, found + length


def _pieces(kind: str, data: bytes) -> Iterator[tuple[int, int]]:
    """Where the entries of a tree, or the lines of anything else, start and end."""
    start = 0
    while start < len(data):
        end = data.find(b"\0" if kind == "tree" else b"\n", start) + 1
        end = (end + _ID_BYTES if kind == "tree" else end) if end else len(data)
        yield start, end
        start = end


def _common(base: bytes, place: int, target: bytes, start: int) -> int:
    """How many bytes read the same from here on."""
    length = 0
    while True:
        one, other = base[place + length : place + length + _STEP], target[start + length : start + length + _STEP]
        same = _same(one, other)
        length += same
        if same < _STEP:
            return length


def _common_back(base: bytes, place: int, target: bytes, start: int, least: int) -> int:
    """How many bytes read the same before here, in the target not beyond `least`."""
    length = 0
    while True:
        step = max(0, min(_STEP, place - length, start - length - least))
        one = base[place - length - step : place - length][::-1]
        same = _same(one, target[start - length - step : start - length][::-1])
        length += same
        if same < _STEP:
            return length


def _same(one: bytes, other: bytes) -> int:
    """How many bytes at the start of two are the same."""
    if one == other:
        return len(one)
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _number(value: int) -> bytes:
    """Seven bits a byte, the low ones first, the high bit for more."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _insert(delta: bytearray, data: bytes) -> None:
    for start in range(0, len(data), _INSERT_MOST):
        part = data[start : start + _INSERT_MOST]
        delta.append(len(part))
        delta += part


def _copy(delta: bytearray, source: int, length: int) -> None:
    """One byte says which of the bytes of place (4) and length (3) follow; zeros are left out."""
    while length:
        part = min(length, _COPY_MOST)
        fields = source.to_bytes(4, "little") + part.to_bytes(3, "little")
        delta.append(0x80 | sum(1 << bit for bit, byte in enumerate(fields) if byte))
        delta += bytes(byte for byte in fields if byte)
        source += part
        length -= part
