"""Assemblies have no shape of their own: a stair is where its flights are."""

from collections.abc import Iterable, Mapping

from connectors.bim.shapes import Box, Element


def with_assemblies(boxes: Mapping[int, Box], elements: Iterable[Element]) -> dict[int, Box]:
    """The boxes, and for each assembly without one the box around all its parts; damaged files have circles of parts."""
    wholes = {item.step_id: item.part_of_step for item in elements}
    around: dict[int, Box] = {}
    for step, box in boxes.items():
        seen, whole = {step}, wholes.get(step)
        while whole is not None and whole not in boxes and whole not in seen:
            around[whole] = _around(around.get(whole, box), box)
            seen.add(whole)
            whole = wholes.get(whole)
    return {**boxes, **around}


def _around(one: Box, other: Box) -> Box:
    return Box(*map(min, one[:3], other[:3]), *map(max, one[3:], other[3:]))
