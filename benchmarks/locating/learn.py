"""Learn what each sign is worth from the generated estate, and write mappings/elements/weights.csv.

    python -m benchmarks.locating.learn

A logistic regression for each method: the probability that an answer's candidates hold the element that was meant, by the signs
of the answer. A sign that speaks against an answer may not raise it, one for it may not lower it. Shares within a set are the
odds that one with a sign is meant, beside one without. The seeds are others than those that `make bench-locating` measures.
"""

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.locating.answers import Answer, answers, proposed
from benchmarks.locating.homes import standard
from benchmarks.locating.models import Models
from benchmarks.locating.pins import NOISES, pinned
from benchmarks.locating.situations import situations
from mappings.elements import Calibration, LocateMethod, Role, Sign
from mappings.elements.score import WEIGHTS, Weights

SEEDS = (101, 102, 103)
SPEECHLESS: tuple[frozenset[str], ...] = (frozenset(), frozenset({"1", "5"}), frozenset({"3", "A"}))
UNMODELLED: tuple[frozenset[str], ...] = (frozenset(), frozenset({"2"}), frozenset({"6", "B"}))
FOR = frozenset({Sign.SAME_PLACE, Sign.SAME_KIND})
FREE = frozenset({Sign.SEVERAL, Sign.CHOSEN})
BY_POINT = frozenset({Sign.POINT_ELSEWHERE, Sign.NOTHING_AT_POINT, Sign.SHARED_POINT})
DOUBTS = frozenset(Sign) - FOR - FREE
HELD, DOUBT = 0.5, -4.0
"""How strongly a sign that was seen seldom is held (ridge), and where a doubt is: unseen, it is no reason to be sure."""

TINY = 1e-6
SELDOM = 10

Columns = NDArray[np.float64]
Weight = tuple[str, str, float, int]


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=5_000, help="for each seed")
    asked = parser.parse_args()
    estates = [Models(standard(), *of_seed) for of_seed in zip(SEEDS, SPEECHLESS, UNMODELLED, strict=True)]
    seen = [answer for models in estates for answer in _seen(models, asked.tickets)]
    members = list(_members(seen))
    pointed = [answer for models in estates for answer in _pointed(models, asked.tickets, members)]
    rows = [*members, *_methods([*seen, *pointed])]
    with WEIGHTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("method", "sign", "log_odds", "seen"))
        writer.writerows((method, sign, f"{value:.3f}", count) for method, sign, value, count in sorted(rows))


def _seen(models: Models, count: int) -> Iterator[Answer]:
    """Answers with candidates to what was said, whatever their score: without weights everything is worth looking at."""
    around = replace(models.surroundings, calibration=Calibration(Weights({})))
    found = proposed(answers(models, list(situations(models, count, models.seed)), around))
    return (answer for answer in found if answer.allowed)


def _pointed(models: Models, count: int, members: Iterable[Weight]) -> Iterator[Answer]:
    """The same to tickets with points, as far as these had a say; what members of a set are worth is known by now."""
    shares = Weights({(method, sign): value for method, sign, value, _ in members})
    around = replace(models.surroundings, calibration=Calibration(shares))
    for noise in NOISES:
        found = proposed(answers(models, list(pinned(models, count // len(NOISES), noise, models.seed)), around))
        yield from (answer for answer in found if answer.allowed and _had_a_say(answer))


def _had_a_say(answer: Answer) -> bool:
    location = answer.location
    return location is not None and (location.method is LocateMethod.POINT or not BY_POINT.isdisjoint(location.signs))


def _methods(seen: Iterable[Answer]) -> Iterator[Weight]:
    by_method: dict[str, list[Answer]] = defaultdict(list)
    for answer in seen:
        if answer.location:
            by_method[answer.location.method].append(answer)
    for method, found in by_method.items():
        counts = Counter(sign for answer in found if answer.location for sign in answer.location.signs)
        signs = sorted(DOUBTS | counts.keys())
        given = np.array([[sign in answer.location.signs for sign in signs] for answer in found if answer.location], np.float64)
        held = np.array([answer.held for answer in found], np.float64)
        intercept, *worth = _regression(given.reshape(len(found), -1), held, signs)
        yield method, "", intercept, len(found)
        yield from ((method, sign, value, counts[sign]) for sign, value in zip(signs, worth, strict=True))


def _regression(given: Columns, held: Columns, signs: Sequence[str]) -> list[float]:
    """Newton's method with a ridge; weights that point the wrong way are set to nothing, and the rest fitted again."""
    allowed = np.ones(len(signs) + 1, bool)
    columns = np.hstack([np.ones((len(given), 1)), given])
    start = np.array([0.0, *(DOUBT if sign in DOUBTS else 0.0 for sign in signs)])
    while True:
        weights = np.zeros(len(allowed))
        weights[allowed] = _newton(columns[:, allowed], held, start[allowed])
        wrong = [place for place, sign in enumerate(signs, start=1) if allowed[place] and _points_wrong(sign, weights[place])]
        if not wrong:
            return weights.tolist()
        allowed[wrong] = False


def _points_wrong(sign: str, weight: float) -> bool:
    return sign not in FREE and (weight < 0 if sign in FOR else weight > 0)


def _newton(columns: Columns, held: Columns, start: Columns) -> Columns:
    """Steps are halved until they help: far from the answer a full one leads astray."""
    weights, ridge = np.zeros(columns.shape[1]), np.full(columns.shape[1], HELD)
    ridge[0] = HELD / 10  # how often a method is right is for the answers to say

    def loss(guess: Columns) -> float:
        odds = columns @ guess
        return float(np.logaddexp(0, odds).sum() - held @ odds + (ridge * (guess - start) ** 2).sum() / 2)

    for _ in range(100):
        share = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (held - share) - ridge * (weights - start)
        bend = (columns.T * (share * (1 - share))) @ columns + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > TINY:
            step /= 2
        if np.abs(step).max() <= TINY:
            break
        weights = weights + step
    return weights


def _members(seen: Iterable[Answer]) -> Iterator[Weight]:
    """In sets where some members have a sign and others have none: how often one of either was meant."""
    meant: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for answer in seen:
        members = [one for one in answer.location.candidates if one.role is Role.PRIMARY] if answer.location else []
        kinds = {"".join(one.signs) for one in members}
        if len(kinds) == 2 and "" in kinds and answer.held:
            (sign,) = kinds - {""}
            for one in members:
                key = "".join(one.signs)
                size[f"{sign}{'' if key else '-'}"] += 1
                meant[f"{sign}{'' if key else '-'}"] += one.element_key == answer.meant
    for sign in sorted(DOUBTS):
        with_it, without = ((meant[name] + 0.5) / (size[name] + 1) for name in (sign, f"{sign}-"))
        yield "", sign, float(np.log(with_it / without)) if size[sign] > SELDOM else DOUBT, size[sign]


if __name__ == "__main__":
    main()
