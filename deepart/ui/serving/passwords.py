"""Who may open the page: a file of names and hashed passwords, one user a line."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deepart.checks import shown
from deepart.errors import OptionError

# scrypt's numbers: 32 MiB and a quarter of a second for each guess. A line carries its own, so old lines stay good.
COST, BLOCK, PARALLEL = 2**15, 8, 3
_SALT, _LENGTH = 16, 32  # bytes
_MOST_MEMORY = 2**28  # bytes that one line may ask for


@dataclass(frozen=True)
class Hashed:
    """A password as scrypt has hashed it, and the numbers that it was hashed with."""

    cost: int
    block: int
    parallel: int
    salt: bytes
    hash: bytes

    def fits(self, password: str) -> bool:
        """Return whether this is the password, in a time that does not depend on how near it is."""
        return hmac.compare_digest(self.hash, _scrypt(password, self.salt, self.cost, self.block, self.parallel))


def line(name: str, password: str) -> str:
    """Return the line of a user for the file: "name:scrypt$cost$block$parallel$salt$hash".

    Raises OptionError for a name that cannot stand there, and for an empty password.
    """
    _check_name(name)
    if not password:
        raise OptionError("The password is empty; give one.")
    salt = os.urandom(_SALT)
    packed = [base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt, COST, BLOCK, PARALLEL))]
    return f"{name}:scrypt${COST}${BLOCK}${PARALLEL}${'$'.join(packed)}"


class Passwords:
    """The users of a file of lines; empty lines, and those that begin with "#", are none."""

    def __init__(self, path: str | Path) -> None:
        """Raises OptionError for a file that cannot be read, has no user, or a line that is none."""
        try:
            lines = Path(path).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise OptionError(f"The file of passwords {shown(str(path))} cannot be read.") from None
        self._users: dict[str, Hashed] = {}
        for number, text in enumerate(lines, 1):
            if text.strip() and not text.startswith("#"):
                name, hashed = _read(text.strip(), number, path)
                self._users[name] = hashed
        if not self._users:
            raise OptionError(f"The file of passwords {shown(str(path))} has no user; --hash-password makes a line.")
        # A name that is not there costs as much time as one that is, so that time does not tell the names.
        self._nobody = Hashed(COST, BLOCK, PARALLEL, os.urandom(_SALT), os.urandom(_LENGTH))
        # One after another: each takes its 32 MiB, and many at once would take the machine.
        self._turn = ThreadPoolExecutor(1, "deepart-login")

    def fits(self, name: str, password: str) -> bool:
        """Return whether there is such a user with such a password."""
        found = self._users.get(name)
        return (found or self._nobody).fits(password) and found is not None

    def door(self) -> Callable[[str, str], Awaitable[bool]]:
        """Return the same for Gradio's launch(auth=...), which lets the page go on meanwhile."""

        async def auth(name: str, password: str) -> bool:
            return await asyncio.get_running_loop().run_in_executor(self._turn, self.fits, name, password)

        return auth


def _read(text: str, number: int, path: str | Path) -> tuple[str, Hashed]:
    name, _, rest = text.partition(":")
    try:
        _check_name(name)
        kind, *numbers, salt, found = rest.split("$")
        cost, block, parallel = map(int, numbers)
        hashed = Hashed(cost, block, parallel, *(base64.b64decode(part, validate=True) for part in (salt, found)))
        small = 0 < 128 * cost * block <= _MOST_MEMORY and 0 < parallel <= 16
        if kind != "scrypt" or not small or len(hashed.hash) != _LENGTH or len(hashed.salt) < _SALT:
            raise ValueError
        hashed.fits("")  # scrypt itself says whether it can use the numbers
    except (OptionError, ValueError, binascii.Error):
        raise OptionError(
            f"Line {number} of the file of passwords {shown(str(path))} is no user; --hash-password makes such a line."
        ) from None
    return name, hashed


def _check_name(name: str) -> None:
    if not name or ":" in name or name != name.strip() or name.startswith("#") or not name.isprintable():
        raise OptionError(f"The user name is {shown(name)}; it must be words without a colon.")


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=2 * _MOST_MEMORY, dklen=_LENGTH
    )
