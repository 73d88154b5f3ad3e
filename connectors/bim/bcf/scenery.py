"""What stands in a project, so that a camera need not look through all of it: hundreds of thousands of boxes, for each view.

Boxes that lie together are in one tile; whoever asks for some of them looks at the tiles first. The answer is the same as that
of looking at each, in the same order.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Holds = Callable[[Array], NDArray[np.bool_]]
"""What holds for each of many boxes."""
TILE = 128  # boxes at most
MARGIN = np.array([-1, -1, -1, 1, 1, 1]) / 1e6  # metres: more than rounding could make of a tile's bounds


class Scenery:
    """Boxes: x, y, z min, x, y, z max in metres, one a row."""

    def __init__(self, boxes: Array) -> None:
        self.boxes = boxes

    def __len__(self) -> int:
        return len(self.boxes)

    def where(self, holds: Holds) -> Array:
        """The boxes for which it holds. What holds for a box must hold for every box around it."""
        tiles, bounds = self._tiles
        asked = [tiles[number] for number in np.flatnonzero(holds(bounds))]
        if not asked:
            return self.boxes[:0]
        near = self.boxes[np.sort(np.concatenate(asked))]
        found: Array = near[holds(near)]
        return found

    @cached_property
    def _tiles(self) -> tuple[list[NDArray[np.int64]], Array]:
        """The numbers of each tile's boxes and the bounds of each tile: halved where they lie farthest apart, or differ most in
        size, so that a slab is not in the tile of the sockets on it."""
        tiles, waiting = [], [np.arange(len(self.boxes))]
        while waiting:
            some = waiting.pop()
            if len(some) <= TILE:
                tiles.append(some)
                continue
            corner = self.boxes[some][:, np.ptp(self.boxes[some], axis=0).argmax()]
            halved = some[np.argpartition(corner, len(some) // 2)]
            waiting += [halved[: len(some) // 2], halved[len(some) // 2 :]]
        bounds = [[*self.boxes[tile, :3].min(axis=0), *self.boxes[tile, 3:].max(axis=0)] for tile in tiles if len(tile)]
        return tiles, np.array(bounds).reshape(-1, 6) + MARGIN


NOTHING = Scenery(np.empty((0, 6)))
