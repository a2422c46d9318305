"""How programs save a file: what each of them does in the folder, recorded with strace and inotifywait.

Law: a pattern leaves the file with the new bytes and nothing else; what it puts beside it may stand for a moment.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, bytes], None]


def in_place(path: Path, data: bytes) -> None:
    """VS Code, Notepad++, nano: truncated and written."""
    path.write_bytes(data)


def written_over(path: Path, data: bytes) -> None:
    """Notepad: written from the start, then cut to its length."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def in_pieces(path: Path, data: bytes) -> None:
    """A slow disk: truncated, and written in pieces."""
    with path.open("wb") as file:
        for start in range(0, len(data), 64):
            file.write(data[start : start + 64])
            file.flush()
            time.sleep(0.02)


def appended(path: Path, data: bytes) -> None:
    """A shell's `>` and `>>`."""
    path.write_bytes(data[:10])
    with path.open("ab") as file:
        file.write(data[10:])


def mapped(path: Path, data: bytes) -> None:
    """Sized, and written through mapped memory."""
    with path.open("w+b") as file:
        file.truncate(len(data))
        with mmap.mmap(file.fileno(), len(data)) as memory:
            memory[:] = data


def vim(path: Path, data: bytes) -> None:
    """A probe of the folder, the old file renamed to the backup, a new one written, the backup removed."""
    probe, swap, backup = path.with_name("4913"), path.with_name(f".{path.name}.swp"), path.with_name(path.name + "~")
    swap.write_bytes(b"b0VIM")
    probe.touch()
    probe.unlink()
    path.replace(backup)
    path.write_bytes(data)
    backup.unlink()
    swap.unlink()


def vim_copy(path: Path, data: bytes) -> None:
    """With backupcopy=yes: the old bytes copied to the backup, the file itself written over."""
    backup = path.with_name(path.name + "~")
    shutil.copy2(path, backup)
    path.write_bytes(data)
    backup.unlink()


def emacs(path: Path, data: bytes) -> None:
    """A lock that is a dangling link, an auto-save file, a backup by renaming."""
    lock, auto, backup = (
        path.with_name(f".#{path.name}"),
        path.with_name(f"#{path.name}#"),
        path.with_name(path.name + "~"),
    )
    with contextlib.suppress(FileExistsError):
        lock.symlink_to("marc@laptop.4711:1700000000")
    auto.write_bytes(data)
    path.replace(backup)
    path.write_bytes(data)
    auto.unlink()
    lock.unlink()
    backup.unlink()


def gedit(path: Path, data: bytes) -> None:
    """GNOME: a new file beside, a backup, a rename."""
    beside = path.with_name(".goutputstream-ABC123")
    beside.write_bytes(data)
    path.replace(path.with_name(path.name + "~"))
    beside.replace(path)
    path.with_name(path.name + "~").unlink()


def kate(path: Path, data: bytes) -> None:
    """Qt's QSaveFile: a file with a random ending, renamed over."""
    beside = path.with_name(path.name + ".AbCdEf")
    beside.write_bytes(data)
    beside.replace(path)


def jet_brains(path: Path, data: bytes) -> None:
    """Safe write: a new file beside, the old one renamed away, the new one in its place."""
    new, old = path.with_name(path.name + "___jb_tmp___"), path.with_name(path.name + "___jb_old___")
    new.write_bytes(data)
    path.replace(old)
    new.replace(path)
    old.unlink()


def sublime(path: Path, data: bytes) -> None:
    """Atomic save."""
    beside = path.with_name(".subl123.tmp")
    beside.write_bytes(data)
    beside.chmod(path.stat().st_mode)
    beside.replace(path)


def text_edit(path: Path, data: bytes) -> None:
    """macOS: a folder beside, in which the new file is made."""
    folder = path.with_name(f"{path.name}.sb-1a2b3c4d-AbCdEf")
    folder.mkdir()
    (folder / path.name).write_bytes(data)
    (folder / path.name).replace(path)
    folder.rmdir()


def libre_office(path: Path, data: bytes) -> None:
    """A lock file, a temporary one, and a rename over the document."""
    lock, beside = path.with_name(f".~lock.{path.name}#"), path.with_name("lu1234abcd.tmp")
    lock.write_bytes(b",marc,laptop;")
    beside.write_bytes(data)
    beside.replace(path)
    lock.unlink()


def office(path: Path, data: bytes) -> None:
    """Word: an owner file, a temporary one, the old one renamed away, the new one in its place, the old one removed."""
    owner = path.with_name("~$" + path.name[2:])
    beside, old = path.with_name("~WRD0000.tmp"), path.with_name("~WRL0001.tmp")
    owner.write_bytes(b"Marc")
    beside.write_bytes(data)
    path.replace(old)
    time.sleep(0.1)
    beside.replace(path)
    old.unlink()
    owner.unlink()


def delete_and_create(path: Path, data: bytes) -> None:
    path.unlink()
    time.sleep(0.25)
    path.write_bytes(data)


def linked(path: Path, data: bytes) -> None:
    """A new file that gets the name by a hard link."""
    beside = path.with_name(path.name + ".new.tmp")
    beside.write_bytes(data)
    path.unlink()
    path.hardlink_to(beside)
    beside.unlink()


def rsync(path: Path, data: bytes) -> None:
    """A hidden file with a random ending, its time set to the source's, renamed over."""
    beside = path.with_name(f".{path.name}.Xy12Ab")
    beside.write_bytes(data)
    os.utime(beside, (1_700_000_000, 1_700_000_000))
    beside.replace(path)


def syncthing(path: Path, data: bytes) -> None:
    beside = path.with_name(f".syncthing.{path.name}.tmp")
    beside.write_bytes(data)
    beside.chmod(0o644)
    path.unlink()
    beside.replace(path)


def sed(path: Path, data: bytes) -> None:
    """sed -i."""
    beside = path.with_name("sedAbC123")
    beside.touch(0o600)
    beside.write_bytes(data)
    beside.chmod(0o644)
    beside.replace(path)


def cp(path: Path, data: bytes) -> None:
    """The command itself, from elsewhere."""
    _command("cp", path, data)


def mv(path: Path, data: bytes) -> None:
    """The command itself, from elsewhere."""
    _command("mv", path, data)


def _command(program: str, path: Path, data: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(data)
    subprocess.run([program, "-f", str(outside), str(path)], check=True)


PATTERNS: dict[str, Save] = {
    save.__name__.replace("_", "-"): save
    for save in (
        *(in_place, written_over, in_pieces, appended, mapped, vim, vim_copy, emacs, gedit, kate, jet_brains, sublime),
        *(text_edit, libre_office, office, delete_and_create, linked, rsync, syncthing, sed, cp, mv),
    )
}
