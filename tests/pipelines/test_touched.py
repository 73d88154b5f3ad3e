"""A change leaves tickets as they were that would be located otherwise now, or makes everything be looked at again."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from connectors.bim.geometry import Geometry
from connectors.bim.meshes import NO_MESHES
from connectors.bim.shapes import Box, Element, Georeference, ModelIndex, Space, SpaceRelation
from tests.pipelines.revisions import empty_index
from tests.pipelines.test_models import hub_of, report
from warranty_hub.errors import ConfigError, DecisionRefusedError
from warranty_hub.pipelines.aliases import decide_alias, learn_alias
from warranty_hub.pipelines.element_review import Decision, decide, open_pairs
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.locate import locate_defects
from warranty_hub.pipelines.location_decisions import LocationDecision, decide_location
from warranty_hub.pipelines.location_review import waiting_defects
from warranty_hub.records.codes import AliasState, LocationVerdict, Verdict
from warranty_hub.settings import SourceSettings
from warranty_hub.warehouse.tables import fact_tables

GUIDS = ("2O2Fr$t4X7Zf8NOew3FLOH", "1hOSvn6df7F8_7GcBWlRrM", "0jf3CLnpz8pOaO3uS9qLRn")
EAST, NORTH = 528_770.0, 3_386_666.0
STORE = SourceSettings.model_validate({"system": "sql_tickets", "connection": "wms", "point_accuracy": 0.3, "streams": {}})
POINTS = (
    "MODEL 0.2 0.1 0.5", "MODEL 5.2 1.1", "MODEL 1.1 1.1 0.4", "MODEL 200 100 500", "MODEL 900 900 900", "GRID 1 1 1",
    "WGS84 114.30000065 30.59999954 0.5", "WGS84 114.30548799 30.59759092", "MODEL 33 0.5 0.5",
)  # fmt: skip
FLATS, ROOMS = ("1-201", "1-202", "1-301"), ("主卧", "书房", "阳台")


# ------------------------------------------------------------------------------------------------ models


@dataclass(frozen=True)
class Part:
    """An element at a room's side, a cube of 1 m at ``x``; ``room`` is the number of a room of its model."""

    guid: str
    x: float
    room: int
    kind: str = "IfcWall"
    tag: str | None = None


@dataclass(frozen=True)
class Model:
    """What a file shows: rooms as (flat, name), 4 m wide in a row, and elements; ``east``: how it lies on the map."""

    rooms: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    east: float | None = None


def _index(path: Path, **_: Any) -> ModelIndex:
    known, shown = empty_index(), json.loads(path.read_text())
    storey, (wall,) = known.storeys[-1].step_id, known.elements
    spaces = [
        Space(1000 + number, None, f"{flat}-{name}", name, storey, None, (flat,))
        for number, (flat, name) in enumerate(shown["rooms"])
    ]
    parts = list(enumerate((Part(**part) for part in shown["parts"]), start=2000))
    elements: list[Element] = [
        wall._replace(step_id=step, guid=part.guid, ifc_class=part.kind, tag=part.tag) for step, part in parts
    ]
    bounds = [SpaceRelation(1000 + part.room, step, "boundary") for step, part in parts if part.room < len(spaces)]
    on_map = Georeference("EPSG:4547", shown["east"], NORTH, 0.0, 0.0, 1.0) if shown["east"] else None
    house = known.buildings[0]._replace(name=f"{path.stem[-1]}号楼")
    known = replace(known, spaces=tuple(spaces), elements=tuple(elements), relations=tuple(bounds))
    return replace(known, buildings=(house,), georeference=on_map)


def _geometry(path: Path, **_: Any) -> Geometry:
    shown = json.loads(path.read_text())
    boxes = {step: Box(part["x"], 0, 0, part["x"] + 1, 1, 1) for step, part in enumerate(shown["parts"], start=2000)}
    boxes |= {
        step: Box(4 * (step - 1000), 0, 0, 4 * (step - 1000) + 4, 4, 3) for step in range(1000, 1000 + len(shown["rooms"]))
    }
    return Geometry(NO_MESHES, boxes, {}, {}, 0, None)


@dataclass(frozen=True)
class Project:
    """A project of its own in the hub, with two models and its tickets."""

    hub: Hub
    code: str
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def shows(self, building: str, model: Model) -> None:
        (self.folder / f"{self.code}-{building}.ifc").write_text(json.dumps(asdict(model)))
        index_model(self.hub, f"{self.code}-{building}")

    def says(self, description: str, address: str, building: str | None, reference: str, point: str | None = None) -> str:
        where = {"project_code": self.code, "address_text": address, "building_code": building}
        number = f"{self.code}-{next(self.numbers)}"
        report(self.hub, number, description, **where, element_ref=reference, point=point)
        return number

    def locates(self) -> dict[str, Any]:
        return locate_defects(self.hub, self.code).details

    def would_be_written(self) -> int:
        """By a look at everything, whatever was touched."""
        with self.hub.dry_run() as trial:
            with trial.transactions() as db:
                db.execute(text("UPDATE ops.cursor SET position_tx = 0 WHERE step = 'locate'"))
            done = locate_defects(trial, self.code).details
            return int(done["written"])


@pytest.fixture
def projects(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes projects that have nothing in common."""
    monkeypatch.setattr("connectors.bim.ifc.read_model", _index)
    monkeypatch.setattr("connectors.bim.geometry.read_geometry", _geometry)
    numbers = count()

    def made() -> Project:
        code = f"T{next(numbers)}"
        files = {building: tmp_path / f"{code}-{building}.ifc" for building in ("3", "5")}
        models = {path.stem: {"file": str(path), "project": code, "building": building} for building, path in files.items()}
        hub = hub_of(warehouse, **models)
        return Project(replace(hub, settings=hub.settings.model_copy(update={"sources": {"wms": STORE}})), code, tmp_path)

    return made


# ------------------------------------------------------------------------------------------------ any changes in any order

parts = st.builds(
    Part,
    st.sampled_from(GUIDS),
    st.sampled_from([0.0, 0.005, 0.03, 5.0]),
    st.integers(0, 3),
    st.sampled_from(["IfcWall", "IfcWindow", "IfcDoor"]),
    st.sampled_from([None, "A-1", "146885"]),
)
models = st.builds(
    Model,
    st.lists(st.tuples(st.sampled_from(FLATS), st.sampled_from(ROOMS)), max_size=4, unique=True).map(tuple),
    st.lists(parts, max_size=3).map(tuple),
    st.sampled_from([None, None, EAST, EAST + 3]),
)
DESCRIPTIONS = (
    "主卧墙面开裂", "书房窗户漏水，主卧门锁坏", "漏水", f"构件 {GUIDS[0]} 开裂", "编号146885 漏水", "楼下主卧漏水",
    "阳台墙面开裂", "大书房墙面开裂",
)  # fmt: skip
said = st.tuples(
    st.sampled_from(DESCRIPTIONS),
    st.sampled_from(["", "3号楼1单元201室", "201", "5号楼1单元301室", "老楼201", "3号楼", "1单元301"]),
    st.sampled_from([None, "3", "5"]),
    st.sampled_from(["", "", *GUIDS, "A-1"]),
    st.one_of(st.none(), st.sampled_from(POINTS)),
)
changes = st.one_of(
    st.tuples(st.just("model"), st.sampled_from(["3", "5"]), models),
    st.tuples(st.just("model"), st.sampled_from(["3", "5"]), models),
    said.map(lambda words: ("ticket", *words)),
    st.tuples(st.just("rewritten"), st.integers(0, 9), st.sampled_from(DESCRIPTIONS)),
    st.tuples(st.just("alias"), st.sampled_from(["老楼", "大书房"]), st.integers(0, 30), st.sampled_from(AliasState)),
    st.tuples(st.just("dwelling"), st.sampled_from(["3", "5"]), st.sampled_from(["201", "301", "401"])),
    st.tuples(st.just("decision"), st.integers(0, 5), st.sampled_from(Verdict)),
    st.tuples(st.just("located by hand"), st.integers(0, 5), st.sampled_from(LocationVerdict), st.integers(1, 2)),
)


def perform(project: Project, change: tuple[Any, ...]) -> None:
    what, *how = change
    performers: Mapping[str, Callable[..., object]] = {
        "model": project.shows, "ticket": project.says, "rewritten": partial(_rewritten, project),
        "alias": partial(_alias, project), "dwelling": partial(_dwelling, project), "decision": partial(_decided, project),
        "located by hand": partial(_located_by_hand, project),
    }  # fmt: skip
    performers[what](*how)


def _rewritten(project: Project, number: int, description: str) -> None:
    query = """UPDATE hub.ticket SET description = :words, changed_tx = pg_current_xact_id()::text::bigint
        WHERE source_id = :id"""
    with project.hub.transactions() as db:
        db.execute(text(query), {"words": description, "id": f"{project.code}-{number}"})


def _decided(project: Project, number: int, verdict: Verdict) -> None:
    pairs = open_pairs(project.hub, project.code)
    if pairs:
        with suppress(DecisionRefusedError):
            decide(project.hub, Decision(pairs[number % len(pairs)].match_id, verdict, "王工", "看过"))


def _located_by_hand(project: Project, number: int, verdict: LocationVerdict, elements: int) -> None:
    found = waiting_defects(project.hub, project.code)
    if found:
        item = found[number % len(found)]
        keys = tuple(choice.element_key for choice in item.choices[:elements]) if verdict is LocationVerdict.ELEMENT else ()
        place = item.place_id if verdict is LocationVerdict.PLACE else None
        with suppress(ConfigError):
            decide_location(project.hub, LocationDecision(item.key, verdict, "王工", "看过", keys, place))


def _alias(project: Project, name: str, number: int, state: AliasState) -> None:
    with project.hub.transactions() as db:
        known = db.execute(text("SELECT place_id FROM hub.place WHERE project_code = :code ORDER BY 1"), {"code": project.code})
        places: Sequence[str] = known.scalars().all()
        if places:
            learn_alias(db, project.code, name, places[number % len(places)], by="li")
    if places:
        decide_alias(project.hub, project.code, name, places[number % len(places)], state, by="wang")


def _dwelling(project: Project, building: str, room_no: str) -> None:
    values = {
        "source_system": "erp", "source_id": f"{project.code}-{building}-{room_no}", "project_code": project.code,
        "building_code": building, "unit_code": "1", "storey": f"{room_no[0]}F", "room_no": room_no, "run_id": 1,
    }  # fmt: skip
    with project.hub.transactions() as db:
        known = db.execute(text("SELECT FROM hub.dwelling WHERE source_id = :id"), {"id": values["source_id"]}).first()
        if known is None:
            db.execute(fact_tables["dwelling"].insert().values(values))


@given(data=st.data())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_look_at_everything_would_find_more_than_was_touched(projects: Any, data: st.DataObject) -> None:
    project = projects()
    for words in data.draw(st.lists(said, min_size=6, max_size=10)):
        project.says(*words)
    for change in data.draw(st.lists(changes, min_size=3, max_size=8)):
        perform(project, change)
        project.locates()
        assert project.would_be_written() == 0, change


# ------------------------------------------------------------------------------------------------ only what is touched

HOUSE = Model(
    (("1-201", "主卧"), ("1-202", "主卧"), ("1-301", "主卧")),
    (Part(GUIDS[0], 0, 0), Part(GUIDS[1], 10, 1), Part(GUIDS[2], 20, 2, "IfcDoor", "A-1")),
)


@pytest.fixture
def project(projects: Any) -> Project:
    """Two buildings of three flats, one ticket at each; everything is located."""
    made: Project = projects()
    for building in ("3", "5"):
        made.shows(building, HOUSE)
        for flat in ("201", "202", "301"):
            made.says("主卧墙面开裂", f"{building}号楼1单元{flat}室", building, "")
    assert made.locates()["tickets"] == 6
    return made


def test_what_the_first_run_wrote_itself_makes_the_next_one_repeat_it(project: Project) -> None:
    assert project.locates() == {"tickets": 0, "written": 0}


def test_a_wall_that_is_new_in_one_flat_touches_another_flat(project: Project) -> None:
    project.shows("3", replace(HOUSE, parts=(*HOUSE.parts, Part("3jf3CLnpz8pOaO3uS9qLRn", 30, 1))))
    assert project.locates()["tickets"] == 1
    assert project.would_be_written() == 0


def test_a_revision_that_shows_the_same_touches_anything(project: Project) -> None:
    project.shows("3", replace(HOUSE, parts=HOUSE.parts[::-1]))
    assert project.locates()["tickets"] == 0


def test_a_tag_that_is_new_leads_a_ticket_nowhere_that_named_it_before(project: Project) -> None:
    project.says("门锁坏", "", None, "W-77")
    project.locates()
    project.shows("5", replace(HOUSE, parts=(*HOUSE.parts[:2], replace(HOUSE.parts[2], tag="W-77"))))
    assert project.locates()["tickets"] == 2  # that one, and the one in the flat where the door is
    assert project.would_be_written() == 0


def test_a_new_dwelling_touches_more_than_what_may_mean_it(project: Project) -> None:
    project.says("漏水", "5号楼1单元401室", "5", "")
    project.says("漏水", "3号楼1单元401室", "3", "")
    project.locates()
    _dwelling(project, "5", "401")
    touched = project.locates()["tickets"]
    assert touched == 4  # its own, and the three in the building, for dwellings lie above each other
    assert project.would_be_written() == 0
