"""How long a painting takes: a guess at first, then what this machine has shown."""

from __future__ import annotations

import threading
from collections.abc import Sequence

# Seconds for one correction of a million pixels before anything was painted, and the machine that this is true of.
_FIRST_GUESS = {
    "cpu": (6.0, "on two processor cores"),
    "mps": (0.6, "on a laptop's graphics chip"),
    "cuda": (0.06, "on a graphics card"),
}


class Pace:
    """Learns from finished work how many seconds a correction of a million pixels takes.

    Work is told by the pipeline's work_shares and the size of the result: the last correction is made at full size, so
    its share says how much the whole is.
    """

    def __init__(self, device: str) -> None:
        """device: its torch type, "cpu", "mps" or "cuda"."""
        self._lock = threading.Lock()
        self._seconds, self.guessed_for = _FIRST_GUESS.get(device, _FIRST_GUESS["cpu"])
        self.measured = False  # here, on this machine

    def learn(self, shares: Sequence[float], step: int, size: tuple[int, int], seconds: float) -> None:
        """Note how many seconds the first `step` steps took."""
        pace = seconds / (_work(shares, size) * shares[step - 1])
        with self._lock:
            # Half old, half new: what else the machine does comes and goes.
            self._seconds = (self._seconds + pace) / 2 if self.measured else pace
            self.measured = True

    def estimate(self, shares: Sequence[float], size: tuple[int, int]) -> float:
        """Return how many seconds the work will take."""
        return _work(shares, size) * self._seconds


def _work(shares: Sequence[float], size: tuple[int, int]) -> float:
    """Return the corrections times their million pixels."""
    last = shares[-1] - (shares[-2] if len(shares) > 1 else 0.0)
    return size[0] * size[1] / 1e6 / last


class Clock:
    """Tells the time left while a job runs: by what is done, and before there is enough of that by an estimate."""

    def __init__(self, shares: Sequence[float], estimate: float | None) -> None:
        """shares: of the work, after each step. estimate: seconds for all of it; None where nobody knows."""
        self._shares = shares
        self._estimate = estimate
        self._step, self._at = 0, 0.0

    def share(self, step: int) -> float:
        """Return the share of the work that is done after a step."""
        return self._shares[step - 1] if step else 0.0

    def left(self, step: int, elapsed: float) -> float | None:
        """Return the seconds left, so many seconds after the start; None while there is too little to go by."""
        if step != self._step:
            self._step, self._at = step, elapsed
        done = self.share(step)
        seen = self._at / done if done else None  # seconds for all of it, if it goes on like this
        total: float | None
        if self._estimate is None:
            total = seen if done >= 0.05 else None
        elif seen is None or done >= 0.2:
            total = seen or self._estimate
        else:  # lean over from the one to the other
            total = self._estimate + (seen - self._estimate) * done / 0.2
        return None if total is None else max(total * (1 - done) - (elapsed - self._at), 0.0)
