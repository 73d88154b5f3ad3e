"""``make bench-locating``: how well texts are read, and how fast; the exit status is 1 when a bar is missed.

The truth of generated tickets comes from how they were made (tickets.py), of the others from labels by hand (handwritten.csv),
written before anything was tuned and only measured since. The speed stands beside jieba, in one run.
"""

import argparse
import sys

from benchmarks.locating import forms
from benchmarks.locating.answers import answers
from benchmarks.locating.elements import ElementScore, score_elements
from benchmarks.locating.homes import Estate, large, standard
from benchmarks.locating.models import Models
from benchmarks.locating.pins import NOISES, pinned
from benchmarks.locating.points import SAMPLE, measure_nearest
from benchmarks.locating.reading import score_generated, score_handwritten
from benchmarks.locating.speed import JIEBA, Speed, measure
from benchmarks.locating.tickets import single_share, tickets


def main() -> None:
    """Measure everything and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=20_000, help="generated tickets that are judged")
    parser.add_argument("--texts", type=int, default=100_000, help="texts of the speed benchmark; 0: none")
    parser.add_argument("--points", type=int, default=1_000_000, help="points of the speed benchmark; 0: none")
    parser.add_argument("--elements", type=int, default=100_000, help="elements of the model that they are in")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    addresses = forms.score_forms(asked.seed)
    print(f"Address forms, by weight\n{addresses}\n", flush=True)
    estate = standard()
    written = list(tickets(estate, asked.tickets, asked.seed))
    single = single_share(written)
    print(f"{len(written):,} generated tickets ({single:.1%} of the truths are one element)")
    print(f"{score_generated(written, estate.register)}\n", flush=True)
    print(f"Written by hand\n{score_handwritten(estate.register)}\n", flush=True)
    passed = [addresses.share(forms.ONE) >= 0.97, single <= 0.5, _elements(estate, asked.tickets, asked.seed)]
    passed += [_pointed(estate, asked.tickets, noise, asked.seed) for noise in NOISES]
    if asked.points:
        passed.append(_nearest(asked.elements, asked.points, asked.seed))
    if asked.texts and JIEBA.exists():
        passed.append(_speed(asked.texts, asked.seed).ratio <= 5)
    elif asked.texts:
        print("jieba: run `make bench-locating` to have it")
    sys.exit(0 if all(passed) else 1)


def _elements(estate: Estate, count: int, seed: int) -> bool:
    """Complete models are judged; beside them such as lack what real ones lack, which the score is learnt from."""
    complete = score_elements(Models(estate, seed, gaps=False), count, seed)
    print(f"Elements, complete models\n{complete}\n", flush=True)
    print(f"Elements, models with gaps\n{score_elements(Models(estate, seed), count, seed)}\n", flush=True)
    return complete.passed


def _pointed(estate: Estate, count: int, noise: float, seed: int) -> bool:
    models = Models(estate, seed, gaps=False)
    found = ElementScore(answers(models, list(pinned(models, count, noise, seed)), models.surroundings))
    print(f"Elements, complete models, points off by {noise * 100:.0f} cm on each axis\n{found}\n", flush=True)
    return found.passed


def _nearest(elements: int, points: int, seed: int) -> bool:
    found = measure_nearest(elements, points, seed)
    print(f"{found.points:,} points, {found.elements:,} boxes: {found.seconds:.1f} s; plain numpy {found.plain * 1000:.1f} ms")
    print(f"  {found.ratio:.0f} times faster (at least 20), {found.same} of {SAMPLE} answers the same\n", flush=True)
    return found.ratio >= 20 and found.same == SAMPLE


def _speed(texts: int, seed: int) -> Speed:
    estate = large()
    speed = measure(list(tickets(estate, texts, seed, with_elements=False)), estate.places)
    print(
        f"{texts:,} texts, {len(estate.dwellings):,} flats: {speed.reading:.1f} s to read, {speed.segmenting:.1f} s for jieba"
    )
    print(f"  ratio {speed.ratio:.2f} (at most 5)")
    return speed


if __name__ == "__main__":
    main()
