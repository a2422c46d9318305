import pytest

from fieldvault.core import names


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("customers/8q/lefevre~cus_4k7m2x9d8q.yaml", None),
        ("materials/Besançon été.pdf", None),
        ("../x", "name-relative"),
        ("/etc/passwd", "name-relative"),
        ("a//b", "name-relative"),
        (".git/config", "name-git"),
        (".GIT/config", "name-git"),
        ("a/.git ./x", "name-git"),
        ("git~1/config", "name-git"),
        (".g\u200cit/config", "name-git"),
        (".gitmodules", "name-git"),
        ("CON", "name-device"),
        ("customers/nul.yaml", "name-device"),
        ("com1.txt", "name-device"),
        ("Construction.yaml", None),
        ("a:b", "name-forbidden"),
        ("a\\b", "name-forbidden"),
        ("a\nb", "name-control"),
        ("a\x1b[31m", "name-control"),
        ("cod.\u202efdp", "name-control"),
        ("x.", "name-trailing"),
        ("x ", "name-trailing"),
        ("é" * 128, "name-too-long"),
        ("é" * 127, None),
        ("/".join("abcdefghijklmnopq"), "path-too-deep"),
        ("a\udcff", "name-not-utf8"),
    ],
)
def test_judge_path(path: str, reason: str | None) -> None:
    assert names.judge_path(path) == reason


@pytest.mark.parametrize(("mode", "reason"), [(0o120000, "mode-link"), (0o160000, "mode-submodule"), (0o100755, None)])
def test_judge_mode(mode: int, reason: str | None) -> None:
    assert names.judge_path("a", mode) == reason


def test_twins_are_found_across_case_and_unicode_form() -> None:
    assert names.twins(["Été", "été", "E\u0301te\u0301", "b"]) == {"été": ["E\u0301te\u0301", "Été", "été"]}


@pytest.mark.parametrize(
    "name", ["4913", "x.swp", "x~", ".#x", "#x#", ".~lock.a.odt#", "~$a.docx", "Thumbs.db", "a.part"]
)
def test_leavings(name: str) -> None:
    assert names.is_leaving(name)


@pytest.mark.parametrize("name", ["boulangerie~cus_4k7m2x9d8q.yaml", "a.pdf", "49130"])
def test_no_leavings(name: str) -> None:
    assert not names.is_leaving(name)


def test_everything_lies_in_the_vaults_own_folder_and_no_name_in_one_that_it_only_begins_with() -> None:
    assert names.lies_in("a/b", "") and names.lies_in("a/b", "a") and names.lies_in("a/b", "a/b")
    assert not names.lies_in("ab", "a") and not names.lies_in("a", "a/b")


def test_beside_keeps_the_extension() -> None:
    assert names.beside("m/brochure.pdf", "1a2b3c4d") == "m/brochure~1a2b3c4d.pdf"
    assert names.beside("LICENSE", "1a2b3c4d") == "LICENSE~1a2b3c4d"


def test_type_is_that_of_the_longest_folder() -> None:
    folders = {"customers": "customer", "customers/vip": "vip"}
    assert names.type_of("customers/vip/8q/a.yaml", folders) == "vip"
    assert names.type_of("customers/8q/a.yaml", folders) == "customer"
    assert names.type_of("customers.yaml", folders) is None
