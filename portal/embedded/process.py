"""What both servers need: the user they run as, a folder that is theirs, a free port, a look at a running process.

PostgreSQL refuses to run as root. Started by root, both servers therefore run as `nobody`, through util-linux's `setpriv`.
When a folder on the way is closed to others (a checkout below /root), they get the one capability that lets them pass;
no mode of any folder that exists is ever changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

import psutil

from portal.lib.errors import DomainError


class FolderOfAnotherUser(DomainError):
    """These sentences are read before the settings exist, so they are not translated."""

    code = "folder-of-another-user"
    sentence = "The data folder %(folder)s belongs to the user %(owner)s, and this command runs as %(user)s."
    remedy = (
        "A database works only with files of its own user, so nothing was started or changed. Run the command as %(owner)s, "
        "or set PORTAL_DATA_DIR to a folder of your own, for example PORTAL_DATA_DIR=$HOME/.portal-garak."
    )


class ServerDidNotStart(DomainError):
    code = "server-did-not-start"
    sentence = "%(server)s could not be started in %(folder)s: %(reason)s"
    remedy = "Read %(log)s, or set %(variable)s to a server that runs elsewhere."


def server_account() -> tuple[int, int]:
    """User and group the servers run as: the caller's own, or `nobody` when the caller is root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def refuse_folder_of_another_user(folder: Path, *, owner: int) -> None:
    """Nothing happens when the folder does not exist yet or belongs to the user id `owner`."""
    try:
        found = folder.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        found = next(parent for parent in folder.parents if os.access(parent, os.X_OK)).stat().st_uid
    if found != owner:
        raise FolderOfAnotherUser(folder=folder, owner=user_name(found), user=user_name(os.geteuid()))


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def make_folder(folder: Path) -> None:
    """A folder that only the account of the servers can enter."""
    folder.mkdir(mode=0o700)
    give(folder)


def write_private(path: Path, content: str) -> None:
    """Write a file that only the account of the servers can read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    give(new)
    new.replace(path)


def give(path: Path) -> None:
    """Hand a new file or folder to the account of the servers."""
    if os.geteuid() == 0:
        os.chown(path, *server_account())


def run_as_server(command: list[str | Path], *, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a server's own tool as the account of the servers, in its folder, with nothing of the caller's environment."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = [*_drop_root(Path(words[0]), home), *words]
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return subprocess.run(
        words, cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _drop_root(binary: Path, home: Path) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerDidNotStart(
            server=binary.name, folder=home, log=home, variable="DATABASE_URL and REDIS_URL",
            reason="it refuses to run as root, and setpriv (of util-linux), which would run it as another user, is not installed.",
        )  # fmt: skip
    user, group = server_account()
    command = [setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return (
        command
        if open_to_others(binary) and open_to_others(home)
        else [*command, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    )


def open_to_others(path: Path) -> bool:
    """Can any user reach this file or folder? (A folder of the servers' own account need not be open itself.)"""
    itself = path.is_dir() or path.stat().st_mode & 0o005 == 0o005
    return itself and all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pid_in(file: Path) -> int | None:
    """The number on the first line of a pid file, if there is one."""
    try:
        first = file.read_text(encoding="ascii").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def is_running(pid: int | None, *, name: str, folder: Path) -> bool:
    """Is this process number alive, and the server of this folder (a number is used again for other programs)?"""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.name() == name
            and Path(process.cwd()) == folder.resolve()
        )
    except psutil.Error:
        return False


def wait_until_gone(pid: int, *, seconds: float) -> bool:
    """Wait for the end of a process; one that has ended and waits for its parent (perhaps for ever) counts as gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def last_lines(log: Path, count: int = 8) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-count:])
