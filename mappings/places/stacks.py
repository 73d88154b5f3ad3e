"""Which dwelling lies above which: water shows one floor below where it comes from."""

from collections import defaultdict
from collections.abc import Iterable

from mappings.places.place import Place

_Stack = tuple[str | None, str | None, str]


class Stacks:
    """The dwellings of a project, stack by stack, from the lowest to the highest."""

    def __init__(self, dwellings: Iterable[Place]) -> None:
        self._stacks: dict[_Stack, list[Place]] = defaultdict(list)
        for home in dwellings:
            self._stacks[_stack_of(home)].append(home)
        for stack in self._stacks.values():
            stack.sort(key=lambda home: _height(home.storey))

    def above(self, home: Place, storeys: int) -> Place | None:
        """The dwelling so many storeys above (or, with a minus, below); None beyond the end of the stack.

        Storeys are counted as they are, for some towers have no fourth or thirteenth.
        """
        stack = self._stacks.get(_stack_of(home), [])
        at = next((number for number, other in enumerate(stack) if other.dwelling == home.dwelling), None)
        wanted = -1 if at is None else at + storeys
        return stack[wanted] if 0 <= wanted < len(stack) else None


def _stack_of(home: Place) -> _Stack:
    """What flats above each other have in common: the end of their number, after that of the storey."""
    level, number = str(_height(home.storey)), home.dwelling or ""
    return home.building, home.unit, number.removeprefix(level) if number.startswith(level) else number[-2:]


def _height(level: str | None) -> int:
    """15F is 15, B1 is -1; what is no number is the ground."""
    digits = (level or "").removesuffix("F").lstrip("B")
    return (-1 if (level or "").startswith("B") else 1) * (int(digits) if digits.isdigit() else 0)
