"""Counting right and wrong: shares by name, from single verdicts."""

from collections import defaultdict
from collections.abc import Collection


class Score:
    """Right answers of so many, by name; a verdict may weigh more than one."""

    def __init__(self) -> None:
        self._right: dict[str, float] = defaultdict(float)
        self._all: dict[str, float] = defaultdict(float)

    def judge(self, name: str, right: bool, weight: float = 1) -> None:
        """Count one answer."""
        self._right[name] += weight * right
        self._all[name] += weight

    def compare(self, name: str, found: Collection[object], wanted: Collection[object]) -> None:
        """Count what was found of the wanted (recall), and what of the found was wanted (precision)."""
        rest = list(wanted)
        for item in found:
            hit = item in rest
            self.judge(f"{name}, precision", hit)
            if hit:
                rest.remove(item)
        for item in wanted:
            hit = item not in rest
            self.judge(f"{name}, recall", hit)
            if not hit:
                rest.remove(item)

    def share(self, name: str) -> float:
        """The share of right answers."""
        return self._right[name] / self._all[name]

    def __str__(self) -> str:
        return "\n".join(f"  {name:58} {self.share(name):7.2%} of {count:,.0f}" for name, count in self._all.items())
