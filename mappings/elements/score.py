"""From the signs of an answer to the probability that it is right: one score, for every stage and every project.

``weights.csv`` has the log-odds of each method and of each sign beside it, learnt from the tickets of the generated estate
(``python -m benchmarks.locating.learn``). People's decisions then say how much better or worse the answers of a method are in
their project: ``calibrate`` draws the curve from the shipped score to the share that was right, in steps of the score, each
pulled towards the shipped one as by ``PRIOR`` decisions (beta-binomial) and never falling (isotonic). Without decisions the
curve is the identity. More right answers never lower a score, more wrong ones never raise one.
"""

import csv
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights.csv")
PRIOR = 20.0
"""As many decisions as the shipped score counts for, in each step."""
STEPS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""The edges of the steps; narrower where more hangs on it."""
MOST = 0.999
"""Nothing is more certain than this."""
_MIDDLES = tuple((low + high) / 2 for low, high in pairwise(STEPS))


@dataclass(frozen=True)
class Judged:
    """An answer that a person judged: its method and signs, and whether its candidates held the element."""

    method: str
    signs: tuple[str, ...]
    held: bool


@dataclass(frozen=True)
class Weights:
    """Log-odds by (method, sign); the sign "" stands for the method itself, the method "" for a member of a set."""

    log_odds: Mapping[tuple[str, str], float]

    def score(self, method: str, signs: Iterable[str]) -> float:
        """The probability that an answer with these signs is right."""
        total = self.log_odds.get((method, ""), 0.0) + sum(self.log_odds.get((method, sign), 0.0) for sign in signs)
        return min(MOST, 1 / (1 + math.exp(-total)))

    def share(self, signs: Iterable[str]) -> float:
        """How much a member of a set is worth beside one without signs."""
        return math.exp(sum(self.log_odds.get(("", sign), 0.0) for sign in signs))


@cache
def shipped() -> Weights:
    """The weights that come with the hub."""
    with WEIGHTS.open(encoding="utf-8") as file:
        return Weights({(row["method"], row["sign"]): float(row["log_odds"]) for row in csv.DictReader(file)})


@dataclass(frozen=True)
class Calibration:
    """The score of a project: the shipped weights, then for each decided method the curve through the steps' middles."""

    weights: Weights
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def score(self, method: str, signs: Iterable[str]) -> float:
        """The probability that an answer with these signs is right, in this project."""
        raw = self.weights.score(method, signs)
        return self.corrected(method, raw)

    def corrected(self, method: str, raw: float) -> float:
        """A shipped score as this project's decisions have it."""
        curve = self.curves.get(method)
        return min(MOST, _between(raw, curve)) if curve else raw

    @property
    def version(self) -> str:
        """A digest of the curves, empty without any."""
        if not self.curves:
            return ""
        content = repr(sorted(self.curves.items()))
        return hashlib.sha256(content.encode()).hexdigest()[:8]


def calibrate(decisions: Iterable[Judged], prior: Weights) -> Calibration:
    """What a project's decisions say of each method. The order of the decisions does not matter."""
    counts: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in _MIDDLES])
    for judged in decisions:
        step = counts[judged.method][_step(prior.score(judged.method, judged.signs))]
        step[0] += judged.held
        step[1] += 1
    return Calibration(prior, {method: _curve(steps) for method, steps in counts.items()})


def step_of(score: float) -> tuple[float, float]:
    """The edges of the step that a score is in."""
    number = _step(score)
    return STEPS[number], STEPS[number + 1]


def _step(score: float) -> int:
    return max(number for number, edge in enumerate(STEPS[:-1]) if score >= edge)


def _curve(steps: Sequence[Sequence[int]]) -> tuple[float, ...]:
    """Each step's share, pulled towards its middle, then levelled where it would fall (pool adjacent violators).

    Rounded, so that a single decision among many does not give every ticket of the project another rule version.
    """
    blocks: list[list[float]] = []  # right, all, steps
    for middle, (right, seen) in zip(_MIDDLES, steps, strict=True):
        blocks.append([right + PRIOR * middle, seen + PRIOR, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    return tuple(round(right / seen, 3) for right, seen, count in blocks for _ in range(int(count)))


def _between(raw: float, curve: Sequence[float]) -> float:
    """The curve at a shipped score: at a step's middle its own value, at an edge moved by half of both neighbours' moves."""
    moved = [share - middle for share, middle in zip(curve, _MIDDLES, strict=True)]
    low, *inner, high = STEPS
    edges = [max(low, low + moved[0])]
    for number, edge in enumerate(inner):
        meant = edge + (moved[number] + moved[number + 1]) / 2
        edges.append(min(max(meant, curve[number]), curve[number + 1]))
    edges.append(min(high, high + moved[-1]))
    step = _step(raw)
    start, end = (STEPS[step], _MIDDLES[step]) if raw <= _MIDDLES[step] else (_MIDDLES[step], STEPS[step + 1])
    first, last = (edges[step], curve[step]) if raw <= _MIDDLES[step] else (curve[step], edges[step + 1])
    return first + (raw - start) / (end - start) * (last - first)
