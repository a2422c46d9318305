"""The bad inputs that a person makes in the first hour: a clear message, the right exit code, nothing lost."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.gitenv import PINNED, Git
from tests.world import fv

RECORD = "customers/q2/garage-simon~cus_0f94wck9q2.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub and a vault with the sample records, to copy from."""
    folder = tmp_path_factory.mktemp("made")
    assert fv("hub", "init", "hub.git", cwd=folder).returncode == 0
    assert fv("init", "sales", "--sample", "--hub", "../hub.git", cwd=folder).returncode == 0
    assert fv("sync", cwd=folder / "sales").returncode == 0
    return folder


@pytest.fixture
def sales(made: Path, tmp_path: Path) -> Path:
    """A vault of one's own beside its hub."""
    shutil.copytree(made, tmp_path / "made")
    done = fv("clone", "made/hub.git", "sales", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "sales"


def head(vault: Path) -> str:
    return Git(vault)("rev-parse", "HEAD")


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert "Traceback" not in done.stderr + done.stdout
    return (done.stdout + done.stderr).splitlines()


def test_broken_yaml_stays_a_draft_and_holds_nothing_up(sales: Path) -> None:
    broken = sales / RECORD
    text = broken.read_text()
    broken.write_text(text.replace("status: active", "status: [active"))
    other = sales / "customers/8q/boulangerie-lefevre~cus_4k7m2x9d8q.yaml"
    other.write_text(other.read_text().replace("channel: field", "channel: phone"))
    done = fv("commit", cwd=sales)
    assert done.returncode == 3
    assert any(re.search(rf"{RECORD}:\d+:\d+: ", line) for line in lines(done)), done.stdout
    assert "Boulangerie Lefèvre (channel)" in done.stdout
    assert Git(sales)("status", "--porcelain") == f" M {RECORD}"
    assert "1 draft" in fv("status", cwd=sales).stdout
    assert fv("sync", cwd=sales).returncode == 3
    for command in (["show", RECORD], ["set", RECORD, "channel=phone"], ["note", RECORD, "Rang back."]):
        done = fv(*command, cwd=sales)
        assert done.returncode == 1 and done.stderr.startswith(f"Error: {RECORD}:"), done.stderr
    broken.write_text(text.replace("status: active", "status: dormant"))
    assert fv("commit", cwd=sales).returncode == 0
    assert Git(sales)("status", "--porcelain") == ""


def test_a_copy_in_a_vault_is_not_made(sales: Path) -> None:
    done = fv("clone", "../made/hub.git", cwd=sales)
    assert done.returncode == 1 and lines(done)[0] == f"Error: this folder lies in the vault {sales}"
    assert fv("status", cwd=sales).stdout.endswith("nothing to do\n")


@pytest.mark.parametrize(("word", "near"), [("comit", "commit"), ("syn", "sync"), ("undoo", "undo")])
def test_a_slip_of_the_pen_is_asked_about(sales: Path, word: str, near: str) -> None:
    done = fv(word, cwd=sales)
    assert done.returncode == 2 and f"Did you mean '{near}'?" in done.stderr
    done = fv("nothing-like-it", cwd=sales)
    assert done.returncode == 2 and "Did you mean" not in done.stderr


def test_an_edit_that_needs_a_broken_schema_names_it(sales: Path) -> None:
    schema = sales / "schemas/customer.yaml"
    schema.write_text(schema.read_text() + "  broken: [\n")
    assert fv("commit", cwd=sales).returncode == 0
    done = fv("note", "cus_4k7m2x9d8q", "Rang back.", cwd=sales)
    assert done.returncode == 1
    assert lines(done) == [
        "Error: this edit needs schemas/customer.yaml, which cannot be used as it stands",
        "Hint: fv check",
    ]


def test_a_duplicate_key_names_both_lines(sales: Path) -> None:
    path = sales / RECORD
    path.write_text(path.read_text() + "name: Garage Simon et fils\n")
    done = fv("commit", cwd=sales)
    assert done.returncode == 3
    (line,) = [line for line in lines(done) if RECORD in line]
    assert "name" in line and "line 2" in line


def test_no_identity_is_never_invented(tmp_path: Path) -> None:
    nobody = {name: "" for name in PINNED if name.endswith(("_NAME", "_EMAIL"))} | {"EMAIL": ""}
    done = fv("init", "sales", cwd=tmp_path, environment=nobody)
    assert done.returncode == 1
    assert "git config --global user.name" in done.stderr
    assert not (tmp_path / "sales").exists()


def test_on_a_terminal_the_person_is_asked_and_remembered(tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    keyboard, terminal = os.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(settings), "EMAIL": ""}
    words = [sys.executable, "-m", "fieldvault", "init", "sales"]
    child = subprocess.Popen(words, cwd=tmp_path, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.write(keyboard, b"Marc Petit\nmarc@example.org\n")
    assert child.wait(60) == 0
    os.close(terminal)
    os.close(keyboard)
    git = Git(tmp_path / "sales", GIT_CONFIG_GLOBAL=str(settings))
    assert git("log", "-1", "--format=%an <%ae>") == "Marc Petit <marc@example.org>"
    assert git("config", "--global", "fieldvault.vault") == str(tmp_path / "sales")
    elsewhere = fv("status", cwd=Path("/"), environment={"GIT_CONFIG_GLOBAL": str(settings)})
    assert elsewhere.stdout.startswith("main")


def test_no_hub(tmp_path: Path) -> None:
    assert fv("init", "sales", cwd=tmp_path).returncode == 0
    done = fv("sync", cwd=tmp_path / "sales")
    assert done.returncode == 1
    assert "no hub" in done.stderr and "git remote add origin" in done.stderr


def test_the_wrong_folder(tmp_path: Path) -> None:
    for command in (["status"], ["commit"], ["sync"], ["log"], ["show", "x"]):
        done = fv(*command, cwd=tmp_path, environment={"HOME": str(tmp_path)})
        assert done.returncode == 1, command
        assert f"Error: {tmp_path} is not in a vault" in done.stderr and "Hint: fv init" in done.stderr
    assert fv("-C", "missing", "status", cwd=tmp_path).returncode == 1
    failure = json.loads(fv("status", "--json", cwd=tmp_path).stdout)
    assert (
        failure["format"] == 1 and failure["error"]["kind"] == "no-vault" and failure["error"]["path"] == str(tmp_path)
    )


def test_an_unknown_record_names_the_nearest(sales: Path) -> None:
    done = fv("show", "garaje simon", cwd=sales)
    assert done.returncode == 1
    assert "Garage Simon" in done.stderr
    several = fv("show", "caf", cwd=sales)
    assert several.returncode == 1 and "(" in several.stderr
    assert fv("show", "NO", cwd=sales).stdout.startswith("# customers/za/no~cus_vktr3wbmza.yaml")


def test_a_half_saved_file_is_never_committed_by_itself(sales: Path) -> None:
    before = head(sales)
    (sales / RECORD).write_bytes(b"")
    done = fv("commit", cwd=sales)
    assert done.returncode == 3
    assert any(RECORD in line and "empty" in line for line in lines(done))
    assert head(sales) == before


def test_a_read_only_file_follows_later(tmp_path: Path, sales: Path) -> None:
    assert fv("clone", "made/hub.git", "other", cwd=tmp_path).returncode == 0
    path = tmp_path / "other" / RECORD
    path.write_text(path.read_text().replace("status: active", "status: dormant"))
    assert fv("sync", cwd=tmp_path / "other").returncode == 0
    (sales / RECORD).chmod(stat.S_IRUSR)
    folder = (sales / RECORD).parent
    folder.chmod(0o500)
    try:
        done = fv("sync", cwd=sales)
    finally:
        folder.chmod(0o700)
    assert done.returncode == 0
    if os.geteuid() != 0:  # root writes anywhere
        assert RECORD in done.stdout
        assert fv("commit", cwd=sales).returncode == 0
    assert "status: dormant" in (sales / RECORD).read_text()
    assert fv("status", cwd=sales).stdout.endswith("nothing to do\n")


def test_no_network_commits_and_says_what_waits(sales: Path) -> None:
    Git(sales)("config", "remote.origin.url", "ssh://git@no-such-host.invalid/sales.git")
    path = sales / RECORD
    path.write_text(path.read_text().replace("status: active", "status: dormant"))
    done = fv("sync", cwd=sales)
    assert done.returncode == 4, done.stderr
    assert "Committed 1 record: Garage Simon (status)" in done.stdout
    assert "1 commit waits" in done.stdout
    assert "Error" not in done.stdout + done.stderr
    assert "1 commit waits" in fv("status", cwd=sales).stdout


def test_two_commands_at_once_lose_nothing(sales: Path) -> None:
    def work(number: int) -> None:
        for turn in range(3):
            path = sales / f"customers/w{number}/c{turn}~cus_w{number}c{turn}000000.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"id: cus_w{number}c{turn}000000\nname: W{number} {turn}\n")
            results.append(fv("commit" if turn else "sync", cwd=sales))

    results: list[subprocess.CompletedProcess[str]] = []
    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for done in results:
        assert done.returncode in (0, 1), done.stderr
        if done.returncode:
            assert "another fv is at work here" in done.stderr
    assert fv("sync", cwd=sales).returncode == 0
    git = Git(sales)
    assert git("status", "--porcelain") == ""
    assert len(git("ls-files", "customers/w[0-9]*").splitlines()) == 9
    assert git.run("fsck", "--strict", "--no-dangling").stderr == b""


def test_wrong_usage_is_exit_2(sales: Path) -> None:
    for command in (["comit"], ["show"], ["resolve", "x"], ["log", "-n", "0"], ["diff", "a", "b", "c"]):
        assert fv(*command, cwd=sales).returncode == 2, command


def test_a_folder_beside_the_vault_is_not_taken_for_the_vault(sales: Path) -> None:
    (sales.parent / "plain").mkdir()
    done = fv("-C", "../plain", "commit", cwd=sales, environment={"HOME": str(sales.parent)})
    assert done.returncode == 1 and "../plain is not in a vault" in done.stderr
    for command in (["init", "../new"], ["hub", "init", "../new.git"], ["clone", "../made/hub.git", "../copy"]):
        done = fv(*command, cwd=sales)
        assert done.returncode == 0 and f" {sales.parent / Path(command[-1]).name}" in done.stdout, done
    shutil.copy(sales / RECORD, sales.parent / "plain" / "simon.yaml")
    done = fv("show", "../plain/simon.yaml", cwd=sales)
    assert done.returncode == 1 and "no record has" in done.stderr


def test_a_record_is_named_by_its_path_from_any_folder(sales: Path) -> None:
    for folder, path in ((sales, RECORD), (sales / "visits", RECORD), (sales / "visits", f"../{RECORD}")):
        done = fv("show", path, cwd=folder)
        assert done.stdout.startswith(f"# {RECORD}\n"), done


@pytest.mark.parametrize(
    ("command", "kind", "code"),
    [
        (["show", "--json"], "usage", 2),
        (["comit", "--json"], "usage", 2),
        (["hub", "init", "--json", "--bogus"], "usage", 2),
        (["merge-file", "--json"], "usage", 129),
        (["show", "--json", "nobody"], "record-unknown", 1),
    ],
)
def test_whatever_is_wrong_is_one_json_object_for_a_script(
    sales: Path, command: list[str], kind: str, code: int
) -> None:
    done = fv(*command, cwd=sales)
    told = json.loads(done.stdout)
    assert (done.returncode, told["format"], told["error"]["kind"], done.stderr) == (code, 1, kind, "")
    assert told["error"]["message"]


def test_a_bug_is_told_with_the_path_of_its_report(sales: Path, tmp_path: Path) -> None:
    lines = [
        "import sys, fieldvault.cli.app as app, fieldvault.actions.looking.status as looking",
        "looking.status = None",
        "sys.exit(app.run(sys.argv[1:]))",
    ]
    for form in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines), "status", *form],
            cwd=sales,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 70
        message = json.loads(done.stdout)["error"]["message"] if form else done.stderr
        report = re.search(rf"{re.escape(str(tmp_path))}\S+", message)
        assert report and "TypeError" in Path(report[0]).read_text(encoding="utf-8")


def test_a_closed_pipe_is_no_error(sales: Path) -> None:
    command = f"{sys.executable} -m fieldvault log | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=sales, capture_output=True, text=True, check=False)
    assert done.stdout and done.stderr == ""
    program = [sys.executable, "-m", "fieldvault", "schema", "explain", "customer"]
    with subprocess.Popen(program, cwd=sales, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        assert gone.stdout and gone.stderr
        gone.stdout.close()
        assert (gone.wait(), gone.stderr.read()) == (0, b"")
