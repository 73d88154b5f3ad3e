"""The sample building: what the demo shows is only right if its model is."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import ifcopenshell
import ifcopenshell.validate
import pytest

from connectors.bim.geometry import read_geometry
from connectors.bim.ifc import read_model
from connectors.bim.shapes import Box, ModelIndex
from sandbox.building import Component, Room, Tower, write_tower
from warranty_hub.pipelines.model_places import ModelPlaces, places_of_model
from warranty_hub.records.codes import PlaceKind

SMALL = Tower("云湖花园", "3号楼", storeys=3, units=2, flats_per_storey=2, basements=1)
SIZES = [
    SMALL,
    Tower("云湖花园", "1号楼"),
    Tower("江畔雅苑", "5号楼", storeys=2, units=1, flats_per_storey=1, basements=0),
    Tower("江畔雅苑", "6号楼", storeys=4, units=3, flats_per_storey=3, basements=2),
]
every_size = pytest.mark.parametrize("tower", SIZES, ids=lambda tower: tower.name)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("building") / "P01-3.ifc"
    write_tower(SMALL, path)
    return path


@pytest.fixture(scope="module")
def index(path: Path) -> ModelIndex:
    return read_model(path)


@pytest.fixture(scope="module")
def places(index: ModelIndex) -> ModelPlaces:
    return places_of_model(index, "P01", "3")


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than a face."""
    return all(max(one[axis], other[axis]) < min(one[axis + 3], other[axis + 3]) for axis in range(3))


def inside(one: Box, other: Box, margin: float = 0) -> bool:
    """Whether a box, which must have a size, lies within another one made larger by a margin."""
    return all(other[axis] - margin <= one[axis] < one[axis + 3] <= other[axis + 3] + margin for axis in range(3))


def around(boxes: list[Box]) -> Box:
    columns = list(zip(*boxes, strict=True))
    return Box(*map(min, columns[:3]), *map(max, columns[3:]))


def tagged(tag: str) -> Component:
    (found,) = [item for item in SMALL.components() if item.tag == tag]
    return found


def wall_between(one: str, other: str) -> Component:
    (found,) = [item for item in SMALL.components() if item.ifc_class == "IfcWall" and set(item.rooms) == {one, other}]
    return found


class TestLayout:
    """Rooms and components on the plan, for towers of any size."""

    @every_size
    def test_there_are_as_many_as_the_parameters_say(self, tower: Tower) -> None:
        flats, cores = tower.storeys * tower.units * tower.flats_per_storey, tower.storeys * tower.units
        rooms = Counter(room.long_name for room in tower.rooms())
        assert rooms["主卧"] == rooms["阳台"] == rooms["客厅"] == flats
        assert rooms["电梯厅"] == rooms["楼梯间"] == cores
        assert rooms["车库"] == tower.basements
        assert rooms.total() == 8 * flats + 2 * cores + 2 * tower.basements + 1

        parts = Counter(item.name for item in tower.components())
        once_a_flat = ("入户门", "飘窗", "推拉门", "阳台栏杆", "洗菜盆", "配电箱")
        assert {name: parts[name] for name in once_a_flat} == dict.fromkeys(once_a_flat, flats)
        assert parts["坐便器"] == parts["墙砖"] == 2 * flats
        assert parts["插座"] == 16 * flats
        assert parts["单元门"] == parts["电梯"] == tower.units
        assert parts["楼板"] + parts["基础底板"] == flats + cores + tower.basements

    @every_size
    def test_nothing_is_called_the_same(self, tower: Tower) -> None:
        """A tag on a QR code that stands for two elements sends the repair to the wrong one."""
        rooms, components = list(tower.rooms()), list(tower.components())
        assert len({item.tag for item in components}) == len(components)
        assert len({room.name for room in rooms}) == len(rooms)
        guids = [*(room.guid for room in rooms), *(item.guid for item in components)]
        assert len(set(guids)) == len(guids)

    def test_two_towers_share_no_global_id(self) -> None:
        one, other = ({room.guid for room in tower.rooms()} for tower in (SMALL, SIZES[1]))
        parts, others = ({item.guid for item in tower.components()} for tower in (SMALL, SIZES[1]))
        assert not (one | parts) & (other | others)

    @every_size
    def test_rooms_do_not_overlap(self, tower: Tower) -> None:
        on_storey: dict[str, list[Room]] = {}
        for room in tower.rooms():
            on_storey.setdefault(room.storey, []).append(room)
        assert not [
            (one.name, other.name)
            for rooms in on_storey.values()
            for one, other in combinations(rooms, 2)
            if overlap(one.box, other.box)
        ]

    @every_size
    def test_fittings_stand_in_their_room_and_nothing_outside_the_building(self, tower: Tower) -> None:
        rooms = {room.name: room.box for room in tower.rooms()}
        building = around(list(rooms.values()))
        for item in tower.components():
            assert inside(item.box, building, margin=0.7), item  # outer walls and bay windows stand out
            if item.fitting:
                assert inside(item.box, rooms[item.rooms[0]]), item

    @every_size
    def test_every_room_has_a_way_in(self, tower: Tower) -> None:
        """Rooms whose doors a change of the plan lost: 餐厅 opens into 客厅, lifts and stairs lead on."""
        doors = {name for item in tower.components() if item.ifc_class == "IfcDoor" for name in item.rooms}
        assert {room.name for room in tower.rooms()} - doors <= {"屋面"}

    def test_a_partition_belongs_to_the_rooms_on_both_sides(self) -> None:
        wall = wall_between("1-201-主卧", "1-201-主卫")
        boxes = {room.name: room.box for room in SMALL.rooms()}
        assert (wall.name, wall.is_external, wall.load_bearing) == ("内墙", False, False)
        assert (wall.box.y_min, wall.box.y_max) == (boxes["1-201-主卧"].y_max, boxes["1-201-主卫"].y_min)

    def test_mirrored_flats_meet_at_a_load_bearing_wall(self) -> None:
        wall = wall_between("1-202-主卧", "2-201-主卧")
        assert (wall.name, wall.is_external, wall.load_bearing) == ("剪力墙", False, True)

    def test_the_roof_lies_on_the_top_flats(self) -> None:
        """A leak from the roof is reported from the flat below it."""
        slab = tagged("S-屋面")
        assert {"屋面", "1-301-主卧", "2-302-客卫"} <= set(slab.rooms)
        assert slab.box.z_max == 9.0
        assert not [name for name in slab.rooms if name.startswith("1-201")]

    def test_a_lift_serves_every_lobby_of_its_unit(self) -> None:
        assert tagged("EL-2").rooms == ("2-1F-电梯厅", "2-2F-电梯厅", "2-3F-电梯厅")


class TestFile:
    """The IFC file, as other software and the hub read it."""

    def test_the_same_tower_gives_the_same_bytes(self, path: Path, tmp_path: Path) -> None:
        """Otherwise each run of the demo would index a new revision of every model."""
        again = tmp_path / "elsewhere.ifc"
        write_tower(SMALL, again)
        assert again.read_bytes() == path.read_bytes()

    def test_it_is_valid(self, path: Path) -> None:
        logger = ifcopenshell.validate.json_logger()
        ifcopenshell.validate.validate(ifcopenshell.open(path), logger, express_rules=False)
        assert logger.statements == []

    def test_nothing_is_missing_but_zones_of_common_rooms(self, index: ModelIndex) -> None:
        common = sum(room.dwelling is None for room in SMALL.rooms())
        assert {finding.code: finding.count for finding in index.findings} == {"SPACES_WITHOUT_ZONE": common}

    def test_the_hub_reads_what_was_laid_out(self, index: ModelIndex) -> None:
        assert (index.project_name, [item.name for item in index.buildings]) == ("云湖花园", ["3号楼"])
        assert {item.name: item.elevation for item in index.storeys} == {"B1": -3, "1F": 0, "2F": 3, "3F": 6, "屋面": 9}
        storeys = {item.step_id: item.name for item in index.storeys}
        spaces = {item.step_id: item.name for item in index.spaces}
        read = {
            item.guid: (item.ifc_class, item.predefined_type, item.name, item.tag, storeys[item.storey_step or 0])
            for item in index.elements
        }
        assert read == {
            item.guid: (item.ifc_class, item.predefined_type, item.name, item.tag, item.storey) for item in SMALL.components()
        }
        zones = {item.name: item.zones for item in index.spaces}
        assert zones["2-301-主卧"] == ("2-301",)
        assert zones["2-3F-电梯厅"] == ()
        tags = {item.step_id: item.tag for item in index.elements}
        stated = {(spaces[row.space_step], tags[row.element_step], row.relation) for row in index.relations}
        assert stated == {
            (room, item.tag, "contained" if item.fitting else "boundary") for item in SMALL.components() for room in item.rooms
        }

    def test_every_room_is_bounded(self, index: ModelIndex) -> None:
        bounded = {row.space_step for row in index.relations if row.relation == "boundary"}
        assert bounded == {item.step_id for item in index.spaces}

    def test_walls_say_whether_they_are_external_and_bear_load(self, index: ModelIndex) -> None:
        flags: dict[str | None, set[tuple[bool | None, bool | None]]] = {}
        for item in index.elements:
            if item.ifc_class == "IfcWall":
                flags.setdefault(item.name, set()).add((item.external, item.load_bearing))
        assert flags == {
            "外墙": {(True, True)}, "内墙": {(False, False)}, "剪力墙": {(False, True)}, "女儿墙": {(True, False)}
        }  # fmt: skip

    def test_windows_and_sanitary_ware_name_their_makers(self, index: ModelIndex) -> None:
        named = {
            item.ifc_class
            for item in index.elements
            if any("Manufacturer" in index.property_sets[key].properties for key in item.pset_hashes)
        }
        assert named == {"IfcWindow", "IfcSanitaryTerminal"}

    def test_boxes_from_the_file_are_those_laid_out(self, path: Path, index: ModelIndex) -> None:
        """Shapes are shared by all elements of one size: a wrong placement shows here."""
        made = read_geometry(path)
        assert (made.failures, made.reason) == ({}, None)
        boxes = {room.guid: room.box for room in SMALL.rooms()} | {item.guid: item.box for item in SMALL.components()}
        guids = {row.step_id: row.guid for row in index.spaces} | {row.step_id: row.guid for row in index.elements}
        assert guids.keys() == made.boxes.keys()
        for step, box in made.boxes.items():
            assert box == pytest.approx(boxes[guids[step] or ""], abs=1e-6)


class TestPlaces:
    """The places that the register gets from the model, which must be those of the masters and of the tickets."""

    def test_dwellings_and_rooms_have_the_ids_of_the_masters(self, places: ModelPlaces) -> None:
        ids = {item.place_id: item.kind for item in places.places}
        assert ids["P01/3/U2/301"] is PlaceKind.DWELLING
        assert ids["P01/3/U2/301/主卧"] is PlaceKind.ROOM
        assert ids["P01/3/F3F/2-3F-电梯厅"] is PlaceKind.ROOM
        assert ids["P01/3/FB1/B1-车库"] is PlaceKind.ROOM
        assert ids["P01/3/F屋面/屋面"] is PlaceKind.ROOM
        assert len(ids) == len(places.places)

    def test_every_room_is_of_a_kind_that_people_name(self, places: ModelPlaces) -> None:
        """A report of 主卧 must find the room."""
        assert {item.name for item in places.places if item.kind is PlaceKind.ROOM and item.room_code is None} == set()
