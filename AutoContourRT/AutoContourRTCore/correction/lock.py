"""One writer at a time: a lock file that names its owner, and can be taken over when that is dead.

No flock, which network folders honour at times: the file comes to be by a hard link (or O_EXCL),
which fails where there is one; its owner touches it now and then (`beat`), and looks before each
write whether it still is the owner (`check`). Age is told by the clock of the disk that holds the
file, so that two machines need not agree on time.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Optional

from AutoContourRTCore.correction.patience import Unreachable, patiently, reached
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.process_tree import is_running

#: An owner that has not touched its file for so long (s) counts as dead.
STALE_SECONDS = 300.0
#: An owner should call `beat` at least as often (s); more often costs nothing.
BEAT_SECONDS = 30.0
#: After replacing a dead owner, so long (s) until the lock is sure.
SETTLE_SECONDS = 0.2


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: machine, process, user, since when (local time, for people)."""

    host: str
    pid: int
    user: str
    since: str
    token: str

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid}, since {self.since})"


class LockedByOther(InputError):
    """Somebody else holds the lock; `owner` says who."""

    def __init__(self, message: str, owner: Owner) -> None:
        super().__init__(message)
        self.owner = owner


class Lock:
    """The lock file `path`, held from `take` to `release`.

    what: how messages call the thing that is locked. clock: seconds, for `beat`.
    """

    def __init__(
        self, path: Path, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path, self._what, self._clock = path, what, clock
        self._mine: Optional[Owner] = None
        self._beaten_at = 0.0

    def take(self, by_force: bool = False) -> Optional[Owner]:
        """Become the owner. Returns the dead owner that was replaced, None where there was none.

        by_force: replace a living owner too (the user was asked). Raises LockedByOther, which
        names the living owner; InputError where the folder cannot be written.
        """
        try:
            return self._taken(by_force)
        except OSError as error:
            raise InputError(
                f"{self._what} cannot be opened for writing: {error.strerror} ({self.path}); "
                "free some space, or ask for the right to write there."
            ) from error

    def _taken(self, by_force: bool) -> Optional[Owner]:
        found = self.owner()
        if found is not None:
            if not by_force and self._is_alive(found):
                raise LockedByOther(self._in_use(found), found)
            self._move_away(found)
        mine = _this_process()
        try:
            _create(self.path, mine)
        except FileExistsError:  # another was quicker
            other = self.owner()
            if other is None:
                raise InputError(f"{self._what} is being opened elsewhere; try again.") from None
            raise LockedByOther(self._in_use(other), other) from None
        self._mine, self._beaten_at = mine, self._clock()
        if found is not None:
            self._settle()
        return found

    def owner(self) -> Optional[Owner]:
        """Who holds the lock, as the file says; None where nobody does. Raises Unreachable."""
        text = reached(self.path, self._text)
        if text is None:
            return None
        try:
            return Owner(**json.loads(text))
        except (ValueError, TypeError):  # a machine that died while it wrote the file
            return Owner("an unknown machine", 0, "somebody", "an unknown time", "")

    def _text(self) -> Optional[str]:
        """None where there is no file, though its folder is there: else that is away."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            self.path.parent.stat()
            return None

    def held(self) -> bool:
        """Whether this object still is the owner. Raises Unreachable."""
        found = self.owner() if self._mine is not None else None
        return found is not None and found == self._mine

    def check(self) -> None:
        """To be called before each write: raises LockedByOther or InputError when the lock is lost,
        Unreachable where that cannot be told now.

        Also touches the file when that is due.
        """
        found = self.owner()
        if self._mine is None or found != self._mine:
            if found is None:
                raise InputError(
                    f"{self._what} is no longer open for writing here: its lock file "
                    f"{self.path} is gone. Open it again; what was saved is safe."
                )
            raise LockedByOther(
                f"{self._what} was taken over by {found}. Close it here, so that the two do not "
                "overwrite each other; what was saved before is safe.", found,
            )
        self.beat()

    def beat(self) -> None:
        """Show that the owner lives; does something every BEAT_SECONDS / 3 only. A sign that cannot
        be given now is given the next time."""
        now = self._clock()
        if self._mine is None or now - self._beaten_at <= BEAT_SECONDS / 3:
            return
        try:
            if self.held():
                os.utime(self.path)
        except (OSError, Unreachable):
            return
        self._beaten_at = now

    def release(self) -> None:
        """Give the lock back; nothing happens where it was lost. A file that cannot be reached now
        stays, and counts as dead STALE_SECONDS later or when this process is gone."""
        try:
            if self.held():
                patiently(self.path.unlink)
        except (OSError, Unreachable):
            pass
        self._mine = None

    def _is_alive(self, owner: Owner) -> bool:
        """Neither gone from this machine nor silent for long (its number may be another's now)."""
        if owner.host == socket.gethostname() and owner.pid and not is_running(owner.pid):
            return False
        return self._age() < STALE_SECONDS

    def _age(self) -> float:
        """Seconds since the file was touched, by the clock of its disk."""
        probe = self.path.with_name(f".clock-{secrets.token_hex(4)}")
        try:
            probe.touch()
            return probe.stat().st_mtime - self.path.stat().st_mtime
        except FileNotFoundError:
            return float("inf")
        finally:
            probe.unlink(missing_ok=True)

    def _settle(self) -> None:
        """Several may have found the same dead owner; give the slowest of them time to see that."""
        time.sleep(SETTLE_SECONDS)
        other = self.owner()
        if other != self._mine:
            self._mine = None
            who = other or Owner("an unknown machine", 0, "somebody", "an unknown time", "")
            raise LockedByOther(self._in_use(who), who)

    def _move_away(self, dead: Owner) -> None:
        """Remove the file of a dead owner, and only that: another may have taken over by now."""
        aside = self.path.with_name(f".dead-{secrets.token_hex(4)}-{self.path.name}")
        try:
            os.replace(self.path, aside)
        except FileNotFoundError:
            return
        moved = Lock(aside, self._what).owner()
        if moved == dead:
            aside.unlink()
            return
        _put_back(aside, self.path)
        assert moved is not None
        raise LockedByOther(self._in_use(moved), moved)

    def _in_use(self, owner: Owner) -> str:
        return (
            f"{self._what} is in use by {owner}. Close it there; should that program be gone, "
            f"it opens again by itself {STALE_SECONDS / 60:g} minutes after its end."
        )


def _put_back(aside: Path, path: Path) -> None:
    """Give a lock file its name again, never over another one where the disk can tell."""
    try:
        os.link(aside, path)
    except FileExistsError:
        pass  # a third was quicker; the owner of this file will notice (check)
    except OSError:  # a disk without hard links
        os.replace(aside, path)
        return
    aside.unlink()


def _this_process() -> Owner:
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name
        user = "somebody"
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return Owner(socket.gethostname(), os.getpid(), user, since, secrets.token_hex(8))


def _create(path: Path, owner: Owner) -> None:
    """Make the file with its content, at once: who is killed meanwhile leaves no lock without an
    owner, which all others would wait for. FileExistsError where there is one."""
    whole = path.with_name(f".new-{secrets.token_hex(4)}-{path.name}")
    try:
        _write(whole, owner)
        os.link(whole, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        _write(path, owner)
    finally:
        whole.unlink(missing_ok=True)


def _write(path: Path, owner: Owner) -> None:
    """A new file; FileExistsError where there is one."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(owner), indent=1))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
