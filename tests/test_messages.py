"""Every kind of error and every key that the code uses has a sentence, and no sentence stands elsewhere."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldvault import messages
from fieldvault.messages import en

PACKAGE = Path(__file__).parent.parent / "fieldvault"
ERRORS = {"FieldvaultError", "Unreadable", "SchemaInvalid", "HubUnreachable", "HubRefused", "Busy", "Corrupt"}
SENTENCE = re.compile(r"[A-Z][a-z]+ [a-z]+ [a-z]+.*[.:]$|[a-z]+ (?:is|are|was|cannot|must) [a-z]+")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls(*names: str) -> Iterator[tuple[Path, ast.Call, str]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in names:
                    yield path, node, name


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be: a literal, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def test_every_kind_of_error_has_a_message() -> None:
    used = {kind for _, call, _ in calls(*ERRORS) for kind in literals(call.args[0])}
    assert len(used) > 50
    assert sorted(used - en.ERRORS.keys()) == []


def test_every_key_that_is_said_has_a_sentence() -> None:
    used = {key for path, call, _ in calls("say") if path.name != "en.py" for key in literals(call.args[0])}
    assert sorted(used - en.SENTENCES.keys()) == []


def test_every_problem_that_check_finds_has_a_sentence() -> None:
    places = {"Problem": 1, "Disagreement": 2}
    used = {
        kind for _, call, name in calls(*places) if len(call.args) > 2 for kind in literals(call.args[places[name]])
    }
    assert used and sorted(used - en.PROBLEMS.keys()) == []


def test_everything_that_the_doctor_finds_has_a_sentence() -> None:
    kinds = [call.args[1] for _, call, _ in calls("Finding") if len(call.args) > 1]
    used = {kind for one in kinds for kind in literals(one)}
    assert len(used) > 10 and sorted(used - en.ERRORS.keys() - en.FINDINGS.keys()) == []
    assert sorted(en.FINDINGS.keys() - used - {"hub-ssh-protocol", "hub-old-protocol"}) == []


def test_every_hub_failure_has_a_reason() -> None:
    used = {
        reason
        for _, call, _ in calls("HubUnreachable", "HubRefused")
        for keyword in call.keywords
        if keyword.arg == "reason"
        for reason in literals(keyword.value)
    }
    assert sorted(used - en.REASONS.keys()) == []


@pytest.mark.parametrize("floor", ["core", "edge", "actions"])
def test_no_sentence_stands_below_the_messages(floor: str) -> None:
    found = []
    for path, tree in trees():
        if path.relative_to(PACKAGE).parts[0] != floor:
            continue
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documented:
                continue
            own = path.name != "sshcommand.py"  # where ssh's words stand
            if SENTENCE.search(node.value) and not _asserted(tree, node) and own:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}")
    assert found == []


def _asserted(tree: ast.Module, constant: ast.Constant) -> bool:
    """An assertion's text is for whoever mends the bug, not for a person."""
    return any(isinstance(node, ast.Assert) and node.msg is constant for node in ast.walk(tree))


def test_nothing_from_a_file_can_move_the_cursor() -> None:
    text = messages.say("held", path="a\x1b[31mb\u202ecod", reason="x\n\x07")
    assert "\x1b" not in text and "\u202e" not in text and "\x07" not in text


def test_templates_are_well_formed() -> None:
    errors = [part for pair in (*en.ERRORS.values(), *en.FINDINGS.values()) for part in pair]
    for text in [*en.SENTENCES.values(), *en.PROBLEMS.values(), *errors]:
        for _, name, spec, conversion in string.Formatter().parse(text):
            assert name is None or (re.fullmatch(r"\w+", name) and not spec and not conversion), text
