"""The list of issues shows grey squares, or pictures in which nobody finds the element."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bim.bcf import Camera, camera_to
from connectors.bim.bcf.picture import HEIGHT, MOST, WIDTH, picture, pictures_in, sight
from connectors.bim.bcf.png import SIGNATURE, source_of
from connectors.bim.bcf.scenery import NOTHING, TILE, Holds, Scenery
from connectors.bim.bcf.shapes import Vector
from connectors.bim.bcf.visualization import PLAIN_SNAPSHOT
from connectors.bim.shapes import Box

RED = "D32F2F"
LOOKING_NORTH = Camera(Vector(0, -5, 0), Vector(0, 1, 0), Vector(0, 0, 1), field_of_view=60.0)
CUBE = (-1, -1, -1, 1, 1, 1)
WALL = (-20, 3, -20, 20, 3.2, 20)
NONE = np.empty((0, 6))


def colors(content: bytes) -> np.ndarray:
    """The pixels of an indexed PNG, red, green, blue."""
    assert content.startswith(SIGNATURE)
    at, chunks = len(SIGNATURE), {}
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(body),)
        chunks[body[:4]] = body[4:]
        at += length + 12
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[rows[:, 1:]].astype(int)


def drawn(chosen: object, *around: object, color: str = RED, camera: Camera = LOOKING_NORTH) -> np.ndarray:
    return colors(
        picture(sight(camera, np.array([chosen], dtype=float), Scenery(np.array(around or NONE, dtype=float)), color))
    )


def is_red(pixels: np.ndarray) -> Any:
    """More red than anything else."""
    return pixels[..., 0] > pixels[..., 1:].max(axis=-1) + 40


def is_light(pixels: np.ndarray) -> Any:
    """Nearly white, and of hardly any colour."""
    return (pixels.min(axis=-1) > 0xC0) & (np.ptp(pixels, axis=-1) < 0x14)


def test_the_element_is_grey_or_what_is_around_it_is_not_light() -> None:
    seen = drawn(CUBE, WALL)
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert is_red(seen[75:105, 105:135]).all()
    assert is_light(seen[:30]).all()
    assert is_light(seen[:, :45]).all()


def test_it_has_another_size_than_in_the_view() -> None:
    """Two metres, at four metres' distance, of a picture that is 2 · 4 · tan 30° high."""
    red = is_red(drawn(CUBE))
    rows, columns = (np.flatnonzero(red.any(axis=axis)) for axis in (1, 0))
    expected = 2 / (8 * np.tan(np.radians(30))) * HEIGHT
    assert [np.ptp(rows), np.ptp(columns)] == pytest.approx([expected, expected], abs=2)


def test_a_settled_issue_is_red() -> None:
    assert not is_red(drawn(CUBE, WALL, color="9E9E9E")).any()


def test_what_stands_before_the_element_hides_it() -> None:
    before = (-20, -2, -20, 20, -1.5, 20)
    clear, behind = drawn(CUBE)[90, 120], drawn(CUBE, before)[90, 120]
    assert is_red(behind)
    assert behind.min() > clear.min() + 40, "it shines through, paler"


def test_a_window_is_hidden_by_its_wall_or_hangs_in_the_air() -> None:
    window, wall = (-1, 0.05, -1, 1, 0.15, 1), (-20, 0, -20, 20, 0.2, 20)
    seen = drawn(window, wall)
    assert (seen[90, 120] == drawn(window)[90, 120]).all()
    assert is_light(seen[:40]).all()
    assert (seen[10, 10] != drawn(window)[10, 10]).any(), "a wall, not the sky"


def test_a_sheet_without_thickness_is_not_seen() -> None:
    assert is_red(drawn((-1, 0, -1, 1, 0, 1))[90, 120])


coordinate, length = st.floats(-300, 300), st.floats(0.05, 20)
boxes = st.builds(lambda x, y, z, dx, dy, dz: Box(x, y, z, x + dx, y + dy, z + dz), *[coordinate] * 3, *[length] * 3)


@given(boxes, st.lists(boxes, max_size=6))
@settings(max_examples=40)
def test_the_picture_does_not_show_what_the_camera_sees(box: Box, others: list[Box]) -> None:
    around = np.array(others, dtype=float).reshape(-1, 6)
    seen = drawn(box, *around, camera=camera_to(box, None, Scenery(around)))
    assert is_red(seen).any()


def test_pictures_are_drawn_again_or_taken_for_others(tmp_path: Path) -> None:
    red, grey = (sight(LOOKING_NORTH, np.array([CUBE], dtype=float), NOTHING, color) for color in (RED, "9E9E9E"))
    farther = sight(LOOKING_NORTH, np.array([CUBE], dtype=float), Scenery(np.array([WALL], dtype=float)), RED)
    assert len({red.key, grey.key, farther.key}) == 3
    with zipfile.ZipFile(tmp_path / "P01.bcf", "w") as archive:
        archive.writestr("a/snapshot.png", picture(red))
        archive.writestr("b/snapshot.png", PLAIN_SNAPSHOT)
        archive.writestr("c/snapshot.png", b"no picture")
    assert pictures_in(tmp_path / "P01.bcf") == {red.key: picture(red)}
    assert pictures_in(tmp_path / "P02.bcf") == {}
    (tmp_path / "P03.bcf").write_bytes(b"no archive")
    assert pictures_in(tmp_path / "P03.bcf") == {}


@pytest.mark.parametrize("cut", range(0, 80, 7))
def test_a_damaged_picture_ends_the_publication_or_is_taken(cut: int) -> None:
    assert source_of(picture(sight(LOOKING_NORTH, np.array([CUBE], dtype=float), NOTHING, RED))[:cut]) is None


def test_a_view_of_many_boxes_leaves_out_some_that_a_look_at_each_finds() -> None:
    """More boxes than a tile has and than a picture shows; small and large, some flush with each other."""
    dice = np.random.default_rng(5)
    low = dice.uniform(0, [60, 60, 30], (40 * TILE, 3)).round(1)
    many = np.hstack([low, low + dice.choice([0.1, 0.5, 3.0, 20.0], low.shape, p=[0.4, 0.3, 0.28, 0.02])])
    tiled, one_by_one = Scenery(many), Plain(many)
    shown = []
    for box in many[::1000]:
        camera = camera_to(Box(*box), None, tiled)
        assert camera == camera_to(Box(*box), None, one_by_one)
        assert sight(camera, box[None], tiled, RED).key == sight(camera, box[None], one_by_one, RED).key
        shown.append(len(sight(camera, box[None], tiled, RED).around))
    assert max(shown) == MOST > min(shown)


class Plain(Scenery):
    """Looks at each box."""

    def where(self, holds: Holds) -> np.ndarray:
        return self.boxes[holds(self.boxes)]
