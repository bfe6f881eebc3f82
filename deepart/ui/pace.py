"""How long a painting takes: a guess at first, then what this machine has shown."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from deepart.ui.common import duration
from deepart.ui.language import t

_STYLE = 1 / 3  # of a million pixels: what it costs to measure a style before one pass can paint with it
# Seconds for a million pixels before anything was painted, for one correction of them and for one pass over them: on
# two processor cores, on a laptop's graphics chip, on a graphics card.
_FIRST_GUESS = {"cpu": (6.0, 1.5), "mps": (0.6, 0.15), "cuda": (0.06, 0.03)}


def corrections(shares: Sequence[float], size: tuple[int, int]) -> float:
    """Return the effort of an optimisation: its corrections times their million pixels.

    shares: of the pipeline's work_shares. The last correction is made at full size, so its share says how much the
    whole is.
    """
    last = shares[-1] - (shares[-2] if len(shares) > 1 else 0.0)
    return _million(size) / last


def passes(size: tuple[int, int], styles: int, pictures: int = 1) -> float:
    """Return the effort of a model of one pass: the million pixels of its pictures, and what the styles cost."""
    return pictures * _million(size) + styles * _STYLE


def _million(size: tuple[int, int]) -> float:
    return size[0] * size[1] / 1e6


class Pace:
    """Learns from finished work of one model how many seconds an effort takes."""

    def __init__(self, device: str, one_pass: bool = False) -> None:
        """device: its torch type, "cpu", "mps" or "cuda". one_pass: what efforts are made of, see above."""
        self._lock = threading.Lock()
        self._device = device
        correction, one = _FIRST_GUESS.get(device, _FIRST_GUESS["cpu"])
        self._seconds = one if one_pass else correction
        self.measured = False  # here, on this machine

    @property
    def where(self) -> str:
        """The machine that an estimate is true of, in words."""
        if self.measured:
            return t("on this machine")
        if self._device == "cuda":
            return t("on a graphics card")
        return t("on a laptop's graphics chip") if self._device == "mps" else t("on two processor cores")

    def learn(self, effort: float, seconds: float) -> None:
        """Note how many seconds an effort took."""
        pace = seconds / effort
        with self._lock:
            # Half old, half new: what else the machine does comes and goes.
            self._seconds = (self._seconds + pace) / 2 if self.measured else pace
            self.measured = True

    def estimate(self, effort: float) -> float:
        """Return how many seconds an effort will take."""
        return effort * self._seconds


def time_left(seconds: float | None) -> str:
    """Return the time left in words; None: nobody knows yet."""
    return t("working out the time left") if seconds is None else t("about {time} left", time=duration(seconds))


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


def even(steps: int) -> Clock:
    """Return the clock of work whose steps are alike."""
    return Clock([step / steps for step in range(1, steps + 1)], None)


def with_time_left(words: str, seconds: float | None) -> str:
    """Return words about work, and the time left where it is known and worth telling."""
    return words if seconds is None or seconds < 1.5 else f"{words} · {time_left(seconds)}"
