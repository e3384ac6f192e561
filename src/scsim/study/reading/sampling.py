"""Sampled sweeps: distributions of keys, and the joint draws of all of them.

A distribution is written where the value stands::

    csf_thickness_mm = { sweep = { uniform = [2.0, 5.8] } }            # lowest, highest
    pulse_width_us   = { sweep = { loguniform = [60, 1000] } }         # lowest, highest: even in ratio
    dura_gap_mm      = { sweep = { normal = [0.2, 0.05, 0.0, 0.6] } }  # mean, standard deviation; lowest, highest

``[sweep] mode`` says how all swept keys are drawn together: ``random`` (independent draws), ``sobol`` (a scrambled
Sobol' sequence), ``latin`` (a Latin hypercube) or ``saltelli`` (the design from which variance-based sensitivity
indices follow), ``n`` how many times. Listed values are drawn with equal chance, labelled tables too. Draws follow
from the seed of the study, and from nothing but the seed, the mode, n and how many keys are swept.

Counting of cases and other modes belong in ``sweep.py``.

References
----------
Sobol' (1967), doi:10.1016/0041-5553(67)90144-9. McKay, Beckman & Conover (1979), doi:10.2307/1268522.
Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.study.reading.faults import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLED: Final = ("random", "sobol", "latin", "saltelli")
"""Modes that draw the values of swept keys."""

POWERS_OF_TWO: Final = ("sobol", "saltelli")
"""Modes whose draws are balanced only for such counts (Owen 2020, doi:10.1007/978-3-030-98319-2_4)."""

DISTRIBUTIONS: Final = ("uniform", "loguniform", "normal")
"""What a value may be drawn from."""

FORMS: Final = {
    "uniform": "uniform = [lowest, highest]",
    "loguniform": "loguniform = [lowest, highest]",
    "normal": "normal = [mean, standard deviation] or [mean, standard deviation, lowest, highest]",
}
"""How each of them is written."""

DIGITS: Final = 12
"""Significant digits of generated values: 0.3, not 0.30000000000000004."""

SAMPLING_STREAM: Final = 2
"""Random numbers of sweeps, apart from those of fibers (0) and spike trains (1) of the same seed."""

_LEAST_CHANCE: Final = 1e-6
"""Chance of the interval of a truncated normal distribution below which it is refused as a slip."""

_SMALLEST_SHARE: Final = 2.0**-33
"""Draws lie at least this far from 0 and 1, where a normal distribution has no finite value: half a step of the
30 bits of a Sobol' sequence is 2^-31."""

_LARGEST_NUMBER: Final = 1e308
_LARGEST_WHOLE: Final = 2**53
"""Beyond this, floats skip whole numbers."""


@dataclass(frozen=True)
class Distribution:
    """What a key is drawn from.

    Attributes
    ----------
    kind : str
        One of `DISTRIBUTIONS`.
    numbers : tuple of float
        As written: lowest and highest; for ``normal`` mean and standard deviation, perhaps lowest and highest.
    is_whole : bool
        Whether whole numbers are drawn: from ``uniform`` each from lowest to highest with equal chance, from the
        others the nearest.
    step : float
        Drawn values are rounded to multiples of it; 0: they are not.
    """

    kind: str
    numbers: tuple[float, ...]
    is_whole: bool = False
    step: float = 0.0

    def values(self, shares: "NDArray[np.float64]") -> list[float]:
        """Turn evenly distributed numbers between 0 and 1 into values, rounded to `DIGITS` digits."""
        shares = np.clip(shares, _SMALLEST_SHARE, 1.0 - _SMALLEST_SHARE)
        transforms = {
            "uniform": self._uniform,
            "loguniform": self._loguniform,
            "normal": self._normal,
        }
        drawn = transforms[self.kind](shares.tolist())
        low, high = self._ends()
        drawn = [min(max(value, low), high) for value in drawn]
        if self.is_whole:
            return [min(max(round(value), math.ceil(low)), math.floor(high)) for value in drawn]
        if self.step:
            first, last = _multiples(low, high, self.step)
            places = [min(max(round(value / self.step), first), last) for value in drawn]
            return [float(f"{place * self.step:.{DIGITS}g}") for place in places]
        return [min(max(float(f"{value:.{DIGITS}g}"), low), high) for value in drawn]

    def _ends(self) -> tuple[float, float]:
        if self.kind == "normal" and len(self.numbers) == 2:
            return -_LARGEST_NUMBER, _LARGEST_NUMBER
        return self.numbers[-2], self.numbers[-1]

    def _uniform(self, shares: list[float]) -> list[float]:
        low, high = self.numbers
        if self.is_whole:
            return [math.floor(low + share * (high - low + 1)) for share in shares]
        return [low * (1 - share) + high * share for share in shares]

    def _loguniform(self, shares: list[float]) -> list[float]:
        low, high = (math.log(end) for end in self.numbers)
        return [math.exp(low * (1 - share) + high * share) for share in shares]

    def _normal(self, shares: list[float]) -> list[float]:
        mean, deviation, *ends = self.numbers
        standard = NormalDist()
        if not ends:
            return [mean + deviation * standard.inv_cdf(share) for share in shares]
        low, high = ((end - mean) / deviation for end in ends)
        # In the upper half 1 - share would lose digits: draw in the mirror image.
        sign = -1.0 if low > 0 else 1.0
        below, above = sorted((standard.cdf(sign * low), standard.cdf(sign * high)))
        return [
            mean + sign * deviation * standard.inv_cdf(below * (1 - share) + above * share)
            for share in shares
        ]


def _multiples(low: float, high: float, step: float) -> tuple[int, int]:
    """Give the first and last multiple of a step between two ends, as counts of steps."""
    slack = 1e-9
    return math.ceil(low / step - slack), math.floor(high / step + slack)


def distribution_fault(
    kind: str, numbers: object, *, is_whole: bool, step: float = 0.0
) -> tuple[str, str]:
    """Word what is wrong with a distribution.

    Parameters
    ----------
    kind : str
        One of `DISTRIBUTIONS`.
    numbers : object
        What is written beside it.
    is_whole : bool
        Whether the key takes whole numbers alone.
    step : float
        Of which the key takes multiples alone; 0: of none.

    Returns
    -------
    tuple of str
        Problem and remedy; empty if nothing is wrong.
    """
    remedy = f"Write {FORMS[kind]}."
    counts = (2, 4) if kind == "normal" else (2,)
    if not isinstance(numbers, list) or len(numbers) not in counts:
        return f"{kind} takes a list of {' or '.join(map(str, counts))} numbers.", remedy
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
        return f"{kind} takes numbers without quotes.", remedy
    if any(not abs(one) <= _LARGEST_NUMBER for one in numbers):
        return f"the numbers of {kind} must be finite.", remedy
    rules = _number_faults(kind, numbers, is_whole=is_whole, step=step)
    return next(
        ((problem, advice or remedy) for is_broken, problem, advice in rules if is_broken), ("", "")
    )


def _number_faults(
    kind: str, numbers: Sequence[float], *, is_whole: bool, step: float
) -> Iterator[tuple[bool, str, str]]:
    """Give what may be wrong with finite numbers, one after the other: whether it is, problem and remedy."""
    if kind == "normal":
        problem = f"the standard deviation is {shown(numbers[1])}; it must be above 0."
        remedy = "Correct the second number; a value that does not vary needs no sweep."
        yield not numbers[1] > 0, problem, remedy
    if is_whole:
        problem = "the numbers are too large to draw whole numbers from."
        yield any(abs(one) > _LARGEST_WHOLE for one in numbers), problem, "Correct them."
    if kind == "normal" and len(numbers) == 2:
        return
    low, high = numbers[-2:]
    problem = f"the lowest value {shown(low)} is not below the highest, {shown(high)}."
    yield not low < high, problem, ""
    problem = f"loguniform needs ends above 0, not {shown(low)}."
    remedy = "Write the lowest and highest value themselves, not their exponents."
    yield kind == "loguniform" and not low > 0, problem, remedy
    problem = "this key takes whole numbers, so the lowest and the highest must be whole."
    is_broken = is_whole and (isinstance(low, float) or isinstance(high, float))
    yield is_broken, problem, f"Write {math.ceil(low)} and {math.floor(high)}."
    if step:
        first, last = _multiples(low, high, step)
        problem = f"no multiple of {step:g}, and this key takes no others, lies from {shown(low)} to {shown(high)}."
        yield first > last, problem, "Move the ends apart."
    if kind == "normal":
        problem = f"a normal distribution with this mean hardly ever lies from {shown(low)} to {shown(high)}."
        is_broken = _chance(*numbers) < _LEAST_CHANCE
        yield is_broken, problem, "Move the mean or the ends, or draw from uniform."


def _chance(mean: float, deviation: float, low: float, high: float) -> float:
    """Give the chance that a normal distribution lies between two ends."""
    first, last = ((end - mean) / deviation for end in (low, high))
    sign = -1.0 if first > 0 else 1.0
    cdf = NormalDist().cdf
    return abs(cdf(sign * last) - cdf(sign * first))


def count_fault(mode: str, n: object) -> tuple[str, str]:
    """Word what is wrong with ``n`` for a mode; empty texts if nothing is.

    Parameters
    ----------
    mode : str
        One of `SAMPLED`.
    n : object
        What the config says.

    Returns
    -------
    tuple of str
        Problem and remedy.
    """
    if n is None:
        return f'mode "{mode}" needs n, how many times to draw.', "Add n = 256 below [sweep]."
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        return "n must be a whole number of at least 1.", "Write, for example, n = 256."
    if mode in POWERS_OF_TWO and n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        problem = f'mode "{mode}" needs a power of two, or its draws are not balanced.'
        return problem, f"Write n = {below} or n = {2 * below}."
    return "", ""


def count_rows(mode: str, n: int, n_keys: int) -> int:
    """Count the cases of a sampled sweep for one seed.

    Parameters
    ----------
    mode : str
        One of `SAMPLED`.
    n, n_keys : int
        Draws, and swept keys.

    Returns
    -------
    int
    """
    return n * (n_keys + 2) if mode == "saltelli" else n


def draw_shares(mode: str, n: int, n_keys: int, seed: int) -> "NDArray[np.float64]":
    """Draw evenly distributed numbers between 0 and 1.

    Parameters
    ----------
    mode : str
        One of `SAMPLED`.
    n, n_keys : int
        Draws, and swept keys.
    seed : int
        Of the study.

    Returns
    -------
    ndarray of float64, shape (n, n_keys)
        For ``saltelli`` of shape (2 n, n_keys): matrix A, then matrix B.

    Notes
    -----
    Checked by ``tests/unit/test_sampling.py``.
    """
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(SAMPLING_STREAM,)))
    if mode == "random":
        return stream.random((n, n_keys))
    from scipy.stats import qmc  # noqa: PLC0415 - takes half a second, and few studies draw

    # scipy 1.14 knows the generator as `seed`, later versions by both names.
    if mode == "latin":
        return np.asarray(qmc.LatinHypercube(n_keys, seed=stream).random(n))
    if mode == "sobol":
        return np.asarray(qmc.Sobol(n_keys, scramble=True, seed=stream).random(n))
    both = np.asarray(qmc.Sobol(2 * n_keys, scramble=True, seed=stream).random(n))
    return np.concatenate([both[:, :n_keys], both[:, n_keys:]])


def rows_of_cases(mode: str, n: int, n_keys: int) -> "NDArray[np.int64]":
    """Say which draw each key of each case takes.

    Parameters
    ----------
    mode : str
        One of `SAMPLED`.
    n, n_keys : int
        Draws, and swept keys.

    Returns
    -------
    ndarray of int64, shape (n_cases, n_keys)
        For each case the row of `draw_shares` for each key. For ``saltelli`` n rows of A, n of B, then for each key
        n rows of A with that key from B (Saltelli et al. 2010, table 2).
    """
    plain = np.repeat(np.arange(n)[:, None], n_keys, axis=1)
    if mode != "saltelli":
        return plain
    mixed = [plain + n * (np.arange(n_keys) == key) for key in range(n_keys)]
    return np.concatenate([plain, plain + n, *mixed])
