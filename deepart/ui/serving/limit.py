"""How much one visitor may ask of a public demo."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0  # seconds


class RateLimit:
    """So many requests of a visitor within any minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds that only go up."""
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: dict[str, deque[float]] = {}
        self._tidied = clock()

    def wait(self, visitor: str) -> int:
        """Return 0 where the visitor's request may go on, which counts it, else the whole seconds to wait."""
        now = self._clock()
        with self._lock:
            self._tidy(now)
            taken = self._taken.setdefault(visitor, deque())
            while taken and taken[0] <= now - WINDOW:
                taken.popleft()
            if len(taken) >= self.per_minute:
                return max(1, math.ceil(taken[0] + WINDOW - now))
            taken.append(now)
            return 0

    def _tidy(self, now: float) -> None:
        """Forget, once in a minute, those who have not come within it."""
        if now - self._tidied >= WINDOW:
            self._tidied = now
            self._taken = {who: taken for who, taken in self._taken.items() if taken and taken[-1] > now - WINDOW}


def who(name: str | None, address: str | None) -> str:
    """Return whom a request counts for: the user who has logged in, else the address that it comes from.

    A session would not do: a browser or a program gets a new one whenever it likes. Whoever has an IPv6 address has
    2^64 of them, so these count by their network.
    """
    if name is not None:
        return f"user {name}"
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return f"address {address}"
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return f"address {mapped or ipaddress.ip_network((found, 64), strict=False)}"
    return f"address {found}"
