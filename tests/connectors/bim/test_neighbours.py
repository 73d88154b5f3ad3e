"""An element at the wrong room sends people to the wrong flat; one that is missed is never looked at."""

import numpy as np
import pytest

from connectors.bim import geometry
from connectors.bim.ifc import read_model
from connectors.bim.meshes import Mesh, Meshes, pack_meshes
from connectors.bim.neighbours import BOX_FACES, Adjacent, Bodies, adjacent, near_boxes
from connectors.bim.shapes import Box
from tests.connectors.bim.material import NEEDS_SHARED, SHARED

ROOM = Box(0, 0, 0, 4, 4, 2.7)


def block(*boxes: Box) -> Mesh:
    """A body of several boxes."""
    meshes = [Bodies({0: box}, meshes_of({})).mesh(0) for box in boxes]
    faces = [BOX_FACES + 8 * at for at in range(len(meshes))]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def meshes_of(shapes: dict[int, Mesh]) -> Meshes:
    return pack_meshes([(step, str(step), np.eye(3, 4)) for step in shapes], {str(step): mesh for step, mesh in shapes.items()})


def bodies(shapes: dict[int, Mesh]) -> Bodies:
    meshes = meshes_of(shapes)
    return Bodies(meshes.boxes(), meshes)


def at_room(elements: dict[str, Mesh], room: Mesh | None = None) -> dict[str, float]:
    """How far each element stands from the room, by its name, which begins with its class."""
    numbers = dict(enumerate(elements, start=10))
    classes = {number: name.split()[0] for number, name in numbers.items()}
    found = adjacent(bodies({1: room or block(ROOM)}), bodies(dict(zip(numbers, elements.values(), strict=True))), classes)
    return {numbers[row.element_step]: round(row.distance, 3) for row in found}


def wall_with_hole(x: float, thick: float) -> Mesh:
    """Beside the room, 0 to 4 m long, with an opening from 1 to 2 m."""
    around = ((0, 0, 1, 2.7), (2, 0, 4, 2.7), (1, 2, 2, 2.7), (1, 0, 2, 0.9))
    return block(*(Box(x, left, low, x + thick, right, high) for left, low, right, high in around))


def test_a_wall_behind_its_plaster_does_not_bound_the_room() -> None:
    near, far = block(Box(4.1, 0, 0, 4.3, 4, 2.7)), block(Box(0, -0.4, 0, 4, -0.2, 2.7))
    assert at_room({"IfcWall near": near, "IfcWall far": far}) == {"IfcWall near": 0.1}
    assert at_room({}) == {}


def test_a_wall_that_only_meets_the_corner_bounds_the_room() -> None:
    beyond = block(Box(4, 4, 0, 4.2, 9, 2.7))
    assert at_room({"IfcWall beyond": beyond}) == {}
    assert at_room({"IfcWall overlapping": block(Box(4, 3.9, 0, 4.2, 9, 2.7))}) == {"IfcWall overlapping": 0.0}


def test_the_wall_of_the_storey_above_bounds_the_room_through_the_slab() -> None:
    above, slab = block(Box(1, 0, 2.82, 1.2, 4, 5)), block(Box(-1, -1, 2.7, 5, 5, 2.82))
    assert at_room({"IfcWall above": above}) == {"IfcWall above": 0.12}
    assert at_room({"IfcWall above": above, "IfcSlab between": slab}) == {"IfcSlab between": 0.0}
    ceiling = {"IfcWall above": above, "IfcCovering ceiling": block(Box(-1, -1, 2.7, 5, 5, 2.75))}
    assert set(at_room(ceiling)) == set(ceiling)  # a finish hides nothing


def test_a_window_deep_in_its_wall_is_missed_or_one_behind_a_wall_found() -> None:
    window = block(Box(4.25, 1, 0.9, 4.3, 2, 2))
    found = at_room({"IfcWall holed": wall_with_hole(4.0, 0.5), "IfcWindow in it": window})
    assert found == {"IfcWall holed": 0.0, "IfcWindow in it": 0.25}
    closed = block(Box(4, 0, 0, 4.2, 4, 2.7))
    assert at_room({"IfcWall closed": closed, "IfcWindow behind": window}) == {"IfcWall closed": 0.0}


def test_what_stands_in_the_notch_of_an_angled_room_is_in_the_room() -> None:
    angled = block(Box(0, 0, 0, 4, 1, 2.7), Box(0, 0.999, 0, 1, 4, 2.7))
    assert at_room({"IfcColumn in the notch": block(Box(2.5, 2.5, 0, 3, 3, 2.7))}, angled) == {}


def test_a_lamp_that_touches_nothing_is_in_no_room() -> None:
    lamp = block(Box(1.3, 1.2, 1.1, 1.5, 1.4, 1.3))
    assert at_room({"IfcLamp hanging": lamp}) == {"IfcLamp hanging": 0.0}
    assert at_room({"IfcLamp outside": block(Box(1.3, 1.2, -3, 1.5, 1.4, -2.9))}) == {}


def test_a_room_drawn_inside_out_has_other_neighbours() -> None:
    room = block(ROOM)
    wall = {"IfcWall near": block(Box(4.1, 0, 0, 4.3, 4, 2.7))}
    assert at_room(wall, Mesh(room.vertices, room.faces[:, ::-1])) == at_room(wall)


def test_an_assembly_which_has_no_triangles_is_at_no_room_or_hides_what_is() -> None:
    parts = bodies({11: block(Box(4.1, 0, 0, 4.2, 1, 2.7))})
    boxes = {10: Box(4, 0, 0, 4.2, 4, 2.7), **parts.boxes}
    found = adjacent(bodies({1: block(ROOM)}), Bodies(boxes, parts.meshes), {10: "IfcCurtainWall", 11: "IfcPlate"})
    assert {row[:2] for row in found} == {(1, 10), (1, 11)}


def test_without_elements_there_are_no_boxes_to_look_at() -> None:
    assert list(near_boxes({1: ROOM}, {}, 1)) == []
    assert list(near_boxes({1: ROOM}, {2: Box(5, 0, 0, 6, 1, 1)}, 1)) == [(1, {2: 1.0})]


@pytest.mark.usefixtures("kernel_once")
@NEEDS_SHARED
@pytest.mark.parametrize("name", ["Classroom_CIC6_COBie", "AC90R1-niedriha", "Duplex_A_20110907_georeferenced"])
def test_boundaries_that_a_real_model_states_are_not_found_by_geometry(name: str) -> None:
    index, made = read_model(SHARED / f"{name}.ifc"), geometry.read_geometry(SHARED / f"{name}.ifc")
    rooms, elements = (
        Bodies({row.step_id: made.boxes[row.step_id] for row in rows if row.step_id in made.boxes}, made.meshes)
        for rows in (index.spaces, index.elements)
    )
    stated = {row[:2] for row in index.relations if row.relation == "boundary" and row.element_step in elements.boxes}
    found: set[Adjacent] = set(adjacent(rooms, elements, {row.step_id: row.ifc_class for row in index.elements}))
    assert stated
    assert stated <= {row[:2] for row in found}
