"""The watcher as a service that starts with the person's session.

Law: a systemd user unit is written, started, stopped and removed here; for launchd and Windows' scheduler the
definition is only made, for the person to put in place. A service is named by its vault, so that each vault has one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from fieldvault.edge.durable import write_whole
from fieldvault.errors import EXIT_INTERRUPTED, FieldvaultError

_WAIT_SECONDS = 30


def service_name(root: Path) -> str:
    """`fieldvault-<folder>-<hash>`: the same for one folder, another one for every other."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", root.name).strip("-").lower() or "vault"
    return f"fieldvault-{words}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"


def command(root: Path) -> list[str]:
    """The watcher's command line, with this very Python."""
    return [sys.executable, "-m", "fieldvault", "-C", str(root), "watch"]


def systemd(root: Path) -> str:
    """The unit of systemd's user manager."""
    words = " ".join(f'"{_systemd(word)}"' for word in command(root))
    return f"""\
[Unit]
Description=Fieldvault: {_systemd(root.name)}

[Service]
ExecStart={words}
Restart=on-failure
RestartSec=30
SuccessExitStatus={EXIT_INTERRUPTED}

[Install]
WantedBy=default.target
"""


def launchd(root: Path) -> str:
    """The agent's property list for macOS: `~/Library/LaunchAgents/<name>.plist`."""
    words = "".join(f"    <string>{escape(word)}</string>\n" for word in command(root))
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{service_name(root)}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
"""


def schtasks(root: Path) -> str:
    """The command that adds the task on Windows."""
    words = subprocess.list2cmdline(command(root)).replace('"', '\\"')
    return f'schtasks /Create /F /SC ONLOGON /TN "{service_name(root)}" /TR "{words}"\n'


DEFINITIONS: dict[str, Callable[[Path], str]] = {"systemd": systemd, "launchd": launchd, "schtasks": schtasks}


def install(root: Path) -> Path:
    """Write the unit and start it, now and with every session. Returns where it stands; where systemd refuses, no
    unit stays.
    """
    unit = _unit(root)
    write_whole(unit, systemd(root).encode())
    try:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", unit.name)
    except FieldvaultError:
        unit.unlink()
        raise
    return unit


def uninstall(root: Path) -> Path:
    """Stop the watcher and remove its unit; `service-missing` where there is none."""
    unit = _unit(root)
    if not unit.exists():
        raise FieldvaultError("service-missing", path=str(unit))
    _systemctl("disable", "--now", unit.name)
    unit.unlink()
    _systemctl("daemon-reload")
    return unit


def _unit(root: Path) -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "systemd" / "user" / f"{service_name(root)}.service"


def _systemctl(*words: str) -> None:
    """`service-unavailable` where there is no systemd of the person's own, `service-refused` where it says no."""
    program = shutil.which("systemctl")
    if program is None:
        raise FieldvaultError("service-unavailable")
    try:
        done = subprocess.run(
            [program, "--user", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FieldvaultError("service-refused", reason=str(error)) from error
    if done.returncode:
        raise FieldvaultError("service-refused", reason=done.stderr.strip())


def _systemd(text: str) -> str:
    """A text inside systemd's quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
