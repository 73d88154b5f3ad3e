"""Bar 2: how right the elements are that the cascade names, and how well it knows it.

An answer's score is the probability that its candidates hold the element that was meant. It is judged by that: the Brier
score is the mean of (score - 0 or 1)². Of single elements (the text names room and component, and one such element is built
there) the best candidate has to be it. Of all other truths the set counts, by how much of it the candidates hold. A wrong
link is one to another element than the one meant, or to any where the text allows several.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.locating.answers import Answer, answers, proposed
from benchmarks.locating.models import Models
from benchmarks.locating.situations import situations
from mappings.elements.score import step_of

TOP_1, RECALL, WRONG, BRIER = 0.95, 0.98, 0.01, 0.05


@dataclass(frozen=True)
class ElementScore:
    """The answers to so many tickets, and what they are worth."""

    found: Sequence[Answer]

    @property
    def top_1(self) -> float:
        """Of single elements, the share that is the best candidate."""
        single = [answer for answer in self.found if answer.single]
        return sum(answer.candidates[:1] == [answer.meant] for answer in single) / len(single)

    @property
    def recall(self) -> float:
        """Of all other truths that are in a model, the mean share of the set that the candidates hold."""
        sets = [answer for answer in self.found if answer.shown and not answer.single]
        return sum(answer.recall for answer in sets) / len(sets)

    @property
    def wrong(self) -> float:
        """Of the links made unasked, the share that is wrong."""
        linked = [answer for answer in self.found if answer.linked]
        return sum(answer.wrong for answer in linked) / len(linked)

    @property
    def brier(self) -> float:
        """The Brier score of all answers with candidates."""
        said = proposed(self.found)
        return sum((_score(answer) - answer.held) ** 2 for answer in said) / len(said)

    @property
    def passed(self) -> bool:
        """Whether all bars hold."""
        return self.top_1 >= TOP_1 and self.recall >= RECALL and self.wrong <= WRONG and self.brier <= BRIER

    def __str__(self) -> str:
        located = [answer for answer in self.found if answer.location]
        linked = sum(answer.linked for answer in located) / len(located)
        lines = [
            f"  single elements: best candidate right      {self.top_1:7.2%} (at least {TOP_1:.0%})",
            f"  all others: share of the set held          {self.recall:7.2%} (at least {RECALL:.0%})",
            f"  wrong among the links made unasked         {self.wrong:7.2%} (at most {WRONG:.0%}; {linked:.1%} are linked)",
            f"  Brier score                                {self.brier:7.4f} (at most {BRIER})",
            "  stage                   share     held    top 1    top 3   mean score",
            *self._stages(located),
            "  score                 answers    said    held",
            *self._curve(),
        ]
        return "\n".join(lines)

    def _stages(self, located: Sequence[Answer]) -> list[str]:
        by_method: dict[str, list[Answer]] = defaultdict(list)
        for answer in located:
            if answer.location:
                by_method[answer.location.method].append(answer)
        return [
            f"  {method:20} {len(mine) / len(located):8.2%} {_mean([answer.held for answer in mine]):8.2%} "
            f"{_top(mine, 1):8.2%} {_top(mine, 3):8.2%} {_mean([_score(answer) for answer in mine]):10.3f}"
            for method, mine in sorted(by_method.items(), key=lambda pair: -len(pair[1]))
        ]

    def _curve(self) -> list[str]:
        by_step: dict[tuple[float, float], list[Answer]] = defaultdict(list)
        for answer in proposed(self.found):
            by_step[step_of(_score(answer))].append(answer)
        return [
            f"  {low:.2f} to {high:.2f} {len(mine):15,} {_mean([_score(answer) for answer in mine]):8.3f} "
            f"{_mean([answer.held for answer in mine]):7.3f}"
            for (low, high), mine in sorted(by_step.items())
        ]


def score_elements(models: Models, count: int, seed: int) -> ElementScore:
    """Write, read and locate so many tickets."""
    return ElementScore(answers(models, list(situations(models, count, seed)), models.surroundings))


def _score(answer: Answer) -> float:
    return answer.location.confidence if answer.location else 0.0


def _top(found: Sequence[Answer], many: int) -> float:
    return _mean([answer.meant in answer.candidates[:many] for answer in found])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
