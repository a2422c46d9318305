"""Pointers: one form for each content, and nothing else is taken for one."""

import hashlib

import pytest

from fieldvault.core.pointers import Pointer, may_be_pointed_to, merged_as_text, read_pointer
from fieldvault.core.snapshot import blob_id

SHA256 = hashlib.sha256(b"a brochure").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()
TEXT = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA256}\nsize 10\n".encode()


def test_a_pointer_is_written_as_git_lfs_writes_it() -> None:
    pointer = Pointer(SHA256, 10)
    assert pointer.data == TEXT and pointer.oid == blob_id(TEXT)
    assert read_pointer(TEXT) == pointer


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"size 10", b"size 010"),
        TEXT.replace(b"size 10", b"size -1"),
        TEXT.replace(SHA256.encode(), SHA256.upper().encode()),
        TEXT.replace(b"v1\n", b"v1\next-0-x sha256:0\n"),
        TEXT.replace(b"size 10", b"size " + b"9" * 40),
    ],
)
def test_what_differs_by_a_byte_is_an_ordinary_file(data: bytes) -> None:
    assert read_pointer(data) is None


def test_records_and_git_s_own_files_are_never_pointed_to() -> None:
    assert may_be_pointed_to("materials/brochure.pdf")
    assert not any(map(may_be_pointed_to, ["customers/a.yaml", "x.yml", ".gitattributes", "a/.gitignore", ".vscode/x"]))


@pytest.mark.parametrize("base", ["", f"||||||| 1234567\noid sha256:{'0' * 64}\nsize 9\n"])
def test_what_git_leaves_of_two_pointers_is_both(base: str) -> None:
    start, middle, end = "version https://git-lfs.github.com/spec/v1\n<<<<<<< HEAD\n", "=======\n", ">>>>>>> topic\n"
    ours, theirs = f"oid sha256:{SHA256}\n", f"oid sha256:{OTHER}\n"
    sized = f"{start}{ours}size 10\n{base}{middle}{theirs}size 7\n{end}"
    assert merged_as_text(sized.encode()) == (Pointer(SHA256, 10), Pointer(OTHER, 7))
    alike = f"{start}{ours}{middle}{theirs}{end}size 7\n"
    assert merged_as_text(alike.encode()) == (Pointer(SHA256, 7), Pointer(OTHER, 7))


@pytest.mark.parametrize("data", [TEXT, b"", b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\n", TEXT + b"<<<<<<< HEAD\n"])
def test_other_text_is_not_two_pointers(data: bytes) -> None:
    assert merged_as_text(data) is None
