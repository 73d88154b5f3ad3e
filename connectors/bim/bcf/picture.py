"""What a viewpoint shows, as a small picture: the elements in their colour, what is around them light, all as boxes.

A tool draws the view from the model itself; the picture is what its list of issues, an e-mail or a print shows. An element
behind something else shines through it, and what it is a part of, such as a window's wall, does not hide it.
"""

import hashlib
import math
import zipfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectors.bim.bcf.png import png, source_of
from connectors.bim.bcf.scenery import Array, Holds, Scenery
from connectors.bim.bcf.shapes import Camera

WIDTH, HEIGHT = 240, 180
VERSION = "2"
"""Of the drawing; raised with every change of it, so that no picture is taken over that was drawn otherwise."""
NEAR = 0.05  # metres before the eye, where the picture begins
SPECK = 1.5 / WIDTH  # of the picture's width: what is smaller is left out
LOOKS = (32 * SPECK, 8 * SPECK, SPECK)
MOST = 400  # things around, those that look largest
OUTWARDS = (
    np.array([-1, -1, -1, 1, 1, 1]) / 1000
)  # metres: a sheet has some thickness, and what is flush with a wall is before it
LARGEST = 1 << 20  # bytes of a picture of ours
SKY = (0xF4, 0xF7, 0xFA)
AROUND = ((0xCB, 0xD2, 0xD8), (0xDD, 0xE2, 0xE6), (0xEE, 0xF0, 0xF2))  # faces that look along x, y, z
LINE = (0x8E, 0x97, 0xA0)
SHADES = (0.78, 0.9, 1.0)  # of an element's faces
THROUGH = 0.45  # of its colour, where something else is before it
DARK = 0.55  # of its colour, its edges
CORNERS = [[x, y, z] for x in (0, 3) for y in (1, 4) for z in (2, 5)]  # columns of a box
EDGES = [(corner, corner ^ step) for corner in range(8) for step in (1, 2, 4)]  # each from both of its ends
NOTHING, FACE, CHOSEN, HIDDEN, EDGE, CHOSEN_EDGE = 0, 1, 4, 7, 10, 11  # numbers of the palette; three each for faces


class Sight(NamedTuple):
    """Boxes in sight, by the eye (n × 6, metres): the chosen ones, what they are a part of, and all else; ``key`` of it all."""

    camera: Camera
    chosen: Array
    wholes: Array
    around: Array
    color: str
    key: str


def sight(camera: Camera, chosen: Array, others: Scenery, color: str) -> Sight:
    """What a perspective camera sees of the chosen boxes and of others. ``color``: ``RRGGBB``."""
    shown = _in_sight(camera, Scenery(chosen + OUTWARDS))
    wholes = _in_sight(camera, others, lambda some: _is_whole(shown, some))
    wholes, around = wholes[~_is_chosen(shown, wholes)], _largest(camera, shown, others)
    told = hashlib.sha256(f"{VERSION} {color} {camera}".encode())
    for boxes in (shown, wholes, around):
        told.update(boxes.tobytes() + b"|")
    return Sight(camera, shown, wholes, around, color, told.hexdigest()[:32])


def picture(seen: Sight) -> bytes:
    """A PNG, which says by its key what it shows."""
    pen = _Pen(_frame(seen.camera))
    chosen, canvas = pen.drawn(seen.chosen), pen.drawn(seen.around)
    before = canvas.depth.copy()
    pen.draw(canvas, seen.wholes)
    there = chosen.thing > 0
    front = chosen.depth <= before * (1 + 1e-4)
    pixels = np.where(canvas.thing > 0, FACE + canvas.face, NOTHING)
    pixels[canvas.edges()] = EDGE
    pixels = np.where(there, np.where(front, CHOSEN, HIDDEN) + chosen.face, pixels)
    pixels[chosen.edges() & there] = CHOSEN_EDGE
    return png(pixels.astype(np.uint8), _palette(seen.color), seen.key)


def pictures_in(bcf: Path) -> dict[str, bytes]:
    """The pictures that were drawn here for a BCF file, by their keys; none where there is no such file."""
    try:
        with zipfile.ZipFile(bcf) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".png") and entry.file_size < LARGEST]
            contents = [archive.read(entry) for entry in entries]
    except (OSError, zipfile.BadZipFile):
        return {}
    return {key: content for content in contents if (key := source_of(content))}


def _palette(color: str) -> list[tuple[int, int, int]]:
    own = tuple(bytes.fromhex(color))
    faces = [_mixed(own, (0, 0, 0), shade) for shade in SHADES]
    through = [_mixed(own, around, THROUGH) for around in AROUND]
    return [SKY, *AROUND, *faces, *through, LINE, _mixed(own, (0, 0, 0), DARK)]


def _mixed(color: tuple[int, ...], other: tuple[int, ...], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(share * one + (1 - share) * two) for one, two in zip(color, other, strict=True))
    return red, green, blue


# ------------------------------------------------------------------------------------------------ what is in sight
class _Frame(NamedTuple):
    """A camera's axes, and half the picture's width and height at one metre."""

    eye: Array
    forward: Array
    right: Array
    up: Array
    half_width: float
    half_height: float


def _frame(camera: Camera) -> _Frame:
    forward, up = np.array(camera.direction), np.array(camera.up)
    half = math.tan(math.radians(camera.field_of_view or 60.0) / 2)
    return _Frame(np.array(camera.position), forward, np.cross(forward, up), up, half * WIDTH / HEIGHT, half)


def _in_sight(camera: Camera, boxes: Scenery, also: Holds = lambda some: np.ones(len(some), dtype=bool)) -> Array:
    """Boxes that reach into the pyramid before the eye, moved so that the eye is the origin; none that the eye is in.

    ``also``: what else must hold for a moved box, and then for every box around it.
    """
    frame = _frame(camera)
    near = boxes.where(lambda some: _in_pyramid(frame, some) & also(_moved(frame, some)))
    found = _moved(frame, near)
    outside: Array = found[(found[:, :3] > 0).any(axis=1) | (found[:, 3:] < 0).any(axis=1)]
    return outside


def _moved(frame: _Frame, boxes: Array) -> Array:
    moved: Array = (boxes.reshape(-1, 2, 3) - frame.eye).reshape(-1, 6)
    return moved


def _in_pyramid(frame: _Frame, boxes: Array) -> NDArray[np.bool_]:
    centres, halves = (boxes[:, :3] + boxes[:, 3:]) / 2 - frame.eye, (boxes[:, 3:] - boxes[:, :3]) / 2
    kept: NDArray[np.bool_] = centres @ frame.forward + halves @ np.abs(frame.forward) > NEAR
    for side, half in (frame.right, frame.half_width), (frame.up, frame.half_height):
        for sign in (1.0, -1.0):
            inwards = half * frame.forward + sign * side
            kept &= centres @ inwards + halves @ np.abs(inwards) > 0
    return kept


def _is_whole(chosen: Array, boxes: Array) -> NDArray[np.bool_]:
    """For each box, whether a chosen one is a part of it, such as of a window's wall."""
    whole = np.zeros(len(boxes), dtype=bool)
    for middle in (chosen[:, :3] + chosen[:, 3:]) / 2:
        whole |= (boxes[:, :3] <= middle).all(axis=1) & (boxes[:, 3:] >= middle).all(axis=1)
    return whole


def _is_chosen(chosen: Array, boxes: Array) -> NDArray[np.bool_]:
    """For each box, whether it is a chosen one itself."""
    itself = np.zeros(len(boxes), dtype=bool)
    for box in chosen:
        itself |= (np.abs(boxes + OUTWARDS - box) < 1e-6).all(axis=1)
    return itself


def _largest(camera: Camera, chosen: Array, others: Scenery) -> Array:
    """The boxes that look largest, of those that are no chosen one nor a whole of one.

    Looked for are large ones first: of a whole estate thousands are in sight, and few of them count.
    """
    found = others.boxes[:0]
    for least in LOOKS:
        found = _in_sight(camera, others, partial(_looks_larger, camera, least))
        found = found[~_is_whole(chosen, found) & ~_is_chosen(chosen, found)]
        if len(found) >= MOST:
            break
    order = np.argsort(-_looks(camera, found), kind="stable")[:MOST]
    largest: Array = found[np.sort(order)]
    return largest


def _looks_larger(camera: Camera, least: float, boxes: Array) -> NDArray[np.bool_]:
    return _looks(camera, boxes) > least


def _looks(camera: Camera, boxes: Array) -> Array:
    """How large each box looks: its diagonal over how deep in the picture it begins, NEAR at least."""
    forward = np.array(camera.direction)
    corners = np.where(forward > 0, boxes[:, :3], boxes[:, 3:])
    looks: Array = np.linalg.norm(boxes[:, 3:] - boxes[:, :3], axis=1) / np.maximum(corners @ forward, NEAR)
    return looks


# ------------------------------------------------------------------------------------------------ drawing
class _Canvas(NamedTuple):
    """For each pixel what is nearest: how deep, the number of the thing, and the axis that its face looks along."""

    depth: NDArray[np.float32]
    thing: NDArray[np.int32]
    face: NDArray[np.int8]

    def draw(self, box: NDArray[np.float32], number: int, inverse: NDArray[np.float32], part: tuple[slice, slice]) -> None:
        """A box, within a part of the picture, where nothing nearer is drawn (slab method, a ray a pixel)."""
        depth = self.depth[part]
        entry, leave = np.full_like(depth, NEAR), depth.copy()
        face = np.zeros(depth.shape, dtype=np.int8)
        for axis in range(3):
            first, second = inverse[axis][part] * box[axis], inverse[axis][part] * box[axis + 3]
            near = np.fmin(first, second)
            face[near > entry] = axis
            np.fmax(entry, near, out=entry)
            np.fmin(leave, np.fmax(first, second), out=leave)
        hit = entry < leave
        np.copyto(depth, entry, where=hit)
        np.copyto(self.thing[part], number, where=hit)
        np.copyto(self.face[part], face, where=hit)

    def edges(self) -> NDArray[np.bool_]:
        """Pixels whose right or lower neighbour shows another thing or another face of it."""
        shown = self.thing * 3 + self.face
        found = np.zeros(shown.shape, dtype=bool)
        found[:, :-1] |= shown[:, :-1] != shown[:, 1:]
        found[:-1] |= shown[:-1] != shown[1:]
        return found


class _Pen:
    """Draws boxes as seen from an eye. ``inverse``: one divided by each pixel's ray, which is a metre long straight ahead."""

    def __init__(self, frame: _Frame) -> None:
        across = ((np.arange(WIDTH) + 0.5) / WIDTH * 2 - 1) * frame.half_width
        down = (1 - (np.arange(HEIGHT) + 0.5) / HEIGHT * 2) * frame.half_height
        rays = [frame.forward[at] + across[None, :] * frame.right[at] + down[:, None] * frame.up[at] for at in range(3)]
        with np.errstate(divide="ignore"):
            self.inverse: NDArray[np.float32] = np.float32(1) / np.array(rays, dtype=np.float32)
        self.frame = frame

    def drawn(self, boxes: Array) -> _Canvas:
        """The boxes alone."""
        size = HEIGHT, WIDTH
        canvas = _Canvas(np.full(size, np.inf, dtype=np.float32), np.zeros(size, np.int32), np.zeros(size, np.int8))
        self.draw(canvas, boxes)
        return canvas

    def draw(self, canvas: _Canvas, boxes: Array) -> None:
        """The nearest box first, so that one that is hidden costs next to nothing."""
        begins, parts = _places(self.frame, boxes)
        first = int(canvas.thing.max()) + 1
        with np.errstate(invalid="ignore"):
            for number, row in enumerate(np.argsort(begins, kind="stable").tolist(), start=first):
                top, bottom, left, right = parts[row]
                part = slice(top, bottom), slice(left, right)
                if top < bottom and left < right and canvas.depth[part].max() > begins[row]:
                    canvas.draw(boxes[row].astype(np.float32), number, self.inverse, part)


def _places(frame: _Frame, boxes: Array) -> tuple[Array, list[list[int]]]:
    """How deep each box begins, and the rows and columns of the picture that what is before the eye of it may reach into."""
    corners = boxes[:, CORNERS]
    depths = corners @ frame.forward
    here, there = np.array(EDGES).T
    with np.errstate(divide="ignore", invalid="ignore"):
        behind = depths[:, here] < NEAR
        share = np.where(behind, (NEAR - depths[:, here]) / (depths[:, there] - depths[:, here]), 0)
        share[(share < 0) | (share > 1)] = np.nan  # all of the edge lies behind
        points = corners[:, here] + share[..., None] * (corners[:, there] - corners[:, here])
        deep = points @ frame.forward
        down = (1 - points @ frame.up / deep / frame.half_height) / 2 * HEIGHT
        across = (points @ frame.right / deep / frame.half_width + 1) / 2 * WIDTH
    ends = [
        np.clip(end, 0, most)
        for places, most in ((down, HEIGHT), (across, WIDTH))
        for end in (np.floor(np.nanmin(places, axis=1) - 1), np.ceil(np.nanmax(places, axis=1) + 1))
    ]
    begins: Array = np.maximum(depths.min(axis=1, initial=np.inf), NEAR)
    return begins, np.array(ends).T.astype(int).tolist()
