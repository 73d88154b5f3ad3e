"""What a model says about its rooms and elements is in the index, and nothing else is."""

from typing import Any

import pytest

from connectors.bim.indexing import index_model
from connectors.bim.shapes import Element, Finding, ModelIndex
from tests.connectors.bim.small import SCHEMAS, SmallModel
from warranty_hub.errors import RefusedModelError


def indexed(model: SmallModel) -> ModelIndex:
    return index_model(model.file, log="", raw_encoding="")


def element(model: SmallModel, item: Any) -> Element:
    return next(row for row in indexed(model).elements if row.step_id == item.id())


def counts(model: SmallModel) -> dict[str, int]:
    return {finding.code: finding.count for finding in indexed(model).findings}


@pytest.fixture(params=SCHEMAS)
def model(request: pytest.FixtureRequest) -> SmallModel:
    """The empty building, in each schema."""
    return SmallModel(request.param)


# ------------------------------------------------------------------------------------------------ places


def test_storeys_are_lost_or_in_the_wrong_unit(model: SmallModel) -> None:
    model.part("IfcBuildingStorey", None, of=model.building)
    index = indexed(model)
    building = model.building.id()
    assert index.schema.startswith(model.file.schema)
    assert (index.project_name, index.unit_scale) == ("星河公馆", 0.001)
    assert [(row.step_id, row.name) for row in index.buildings] == [(building, "3号楼")]
    assert [(row.name, row.elevation, row.building_step) for row in index.storeys] == [
        ("1F", 0.0, building),
        ("2F", 3.0, building),
        (None, None, building),
    ]


def test_a_room_loses_its_storey_its_names_or_its_dwelling(model: SmallModel) -> None:
    bedroom = model.part("IfcSpace", " 1-201-主卧 ", of=model.first, LongName="主卧")
    corner = model.part("IfcSpace", "角", of=bedroom)
    lost = model.thing("IfcSpace", "")
    model.group("IfcZone", "1-201", [bedroom, corner])
    model.group("IfcZone", "精装A", [bedroom])
    model.group("IfcZone", None, [lost])
    first, second, third = indexed(model).spaces
    assert (first.name, first.long_name, first.zones) == ("1-201-主卧", "主卧", ("1-201", "精装A"))
    assert (first.storey_step, second.storey_step, third.storey_step) == (model.first.id(), model.first.id(), None)
    assert (second.zones, third.name, third.zones) == (("1-201",), None, ())


def test_a_stairwell_of_a_building_is_taken_for_a_building_of_its_own(model: SmallModel) -> None:
    site = model.part("IfcSite", "地块", of=model.project)
    house = model.part("IfcBuilding", "5号楼", of=site)
    unit = model.part("IfcBuilding", "2单元", of=house, CompositionType="PARTIAL")
    room = model.part("IfcSpace", "主卧", of=model.part("IfcBuildingStorey", "1F", of=unit))
    index = indexed(model)
    assert [(row.step_id, row.name) for row in index.sites] == [(site.id(), "地块")]
    assert [(row.name, row.whole_step, row.site_step) for row in index.buildings] == [
        ("3号楼", None, None),
        ("5号楼", None, site.id()),
        ("2单元", house.id(), site.id()),
    ]
    assert [row.building_step for row in index.spaces if row.step_id == room.id()] == [unit.id()]


def test_the_rooms_of_a_dwelling_that_is_a_space_do_not_belong_to_it(model: SmallModel) -> None:
    flat = model.part("IfcSpace", "1-201", of=model.first, CompositionType="COMPLEX")
    model.part("IfcSpace", "主卧", of=flat)
    assert [(row.name, row.zones) for row in indexed(model).spaces] == [("1-201", ()), ("主卧", ("1-201",))]


@pytest.mark.parametrize("at", ["site", "project"])
def test_a_model_is_elsewhere_on_the_map(model: SmallModel, at: str) -> None:
    numbers = {"Eastings": 391_090_000.0, "Northings": 3_450_000_000.0, "OrthogonalHeight": 4500.0}
    direction = {"XAxisAbscissa": 0.0, "XAxisOrdinate": 1.0}
    if model.file.schema == "IFC2X3":
        owner = model.part("IfcSite", "地块", of=model.project) if at == "site" else model.project
        lengths = {name: ("IfcLengthMeasure", value) for name, value in numbers.items()}
        conversion = model.properties("ePSet_MapConversion", **lengths, **{n: ("IfcReal", v) for n, v in direction.items()})
        crs = model.properties("ePset_ProjectedCRS", Name=("IfcLabel", "EPSG:4549"))
        for definition in (conversion, crs):
            model.relate("IfcRelDefinesByProperties", RelatingPropertyDefinition=definition, RelatedObjects=[owner])
    else:
        crs = model.add("IfcProjectedCRS", Name="EPSG:4549")
        model.add("IfcMapConversion", SourceCRS=model.context, TargetCRS=crs, **numbers, **direction)
    found = indexed(model).georeference
    assert found == pytest.approx(("EPSG:4549", 391_090.0, 3_450_000.0, 4.5, 90.0, 1.0))


def test_the_unit_of_a_map_is_taken_for_the_model_s() -> None:
    model = SmallModel("IFC4")
    metre = model.add("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
    crs = model.add("IfcProjectedCRS", Name="EPSG:4549", MapUnit=metre)
    model.add("IfcMapConversion", SourceCRS=model.context, TargetCRS=crs, Eastings=391.0, Northings=0.0, OrthogonalHeight=0.0)
    found = indexed(model).georeference
    assert found is not None
    assert found.eastings == 391.0


# ------------------------------------------------------------------------------------------------ elements


def test_an_element_is_looked_for_on_another_storey(model: SmallModel) -> None:
    room = model.part("IfcSpace", "主卧", of=model.first)
    wall = model.content("IfcWall", "墙", of=model.ground)
    window = model.thing("IfcWindow", "窗")
    opening = model.opening(wall, window)
    bed = model.content("IfcFurnishingElement", "床", of=room)
    stair = model.content("IfcStair", "梯", of=model.first)
    flight = model.part("IfcStairFlight", "梯段", of=stair)
    rows = {row.step_id: (row.storey_step, row.space_step) for row in indexed(model).elements}
    assert rows == {
        wall.id(): (model.ground.id(), None),
        window.id(): (model.ground.id(), None),
        bed.id(): (model.first.id(), room.id()),
        stair.id(): (model.first.id(), None),
        flight.id(): (model.first.id(), None),
    }
    assert opening.id() not in rows  # nobody reports a defect of a hole


def test_a_stated_container_gives_way_to_a_whole(model: SmallModel) -> None:
    """A railing of a stair that goes through two storeys is where the file says that it is."""
    stair = model.content("IfcStair", "梯", of=model.ground)
    railing = model.content("IfcRailing", "栏杆", of=model.first)
    model.relate("IfcRelAggregates", RelatingObject=stair, RelatedObjects=[railing])
    assert element(model, railing).storey_step == model.first.id()


def test_what_an_element_is_made_of_is_lost(model: SmallModel) -> None:
    kind = model.thing("IfcWallType", "剪力墙200", PredefinedType="SHEAR")
    common = model.properties("Pset_WallCommon", IsExternal=("IfcBoolean", True), LoadBearing=("IfcBoolean", True))
    kind.HasPropertySets = [common]
    own = model.properties("Pset_WallCommon", IsExternal=("IfcBoolean", False))
    wall = model.content("IfcWall", "墙", of=model.first, Tag="146885", ObjectType="WQ-1")
    concrete, paint = (model.add("IfcMaterial", Name=name) for name in ("混凝土", "涂料"))
    layers = [model.add("IfcMaterialLayer", Material=item, LayerThickness=100.0) for item in (paint, concrete, paint)]
    layer_set = model.add("IfcMaterialLayerSet", MaterialLayers=layers)
    usage = model.add("IfcMaterialLayerSetUsage", ForLayerSet=layer_set)
    model.relate("IfcRelDefinesByType", RelatingType=kind, RelatedObjects=[wall])
    model.relate("IfcRelDefinesByProperties", RelatingPropertyDefinition=own, RelatedObjects=[wall])
    model.relate("IfcRelAssociatesMaterial", RelatingMaterial=usage, RelatedObjects=[wall])
    row = element(model, wall)
    assert (row.ifc_class, row.name, row.tag, row.object_type) == ("IfcWall", "墙", "146885", "WQ-1")
    assert (row.type_name, row.predefined_type, row.material) == ("剪力墙200", "SHEAR", "涂料; 混凝土")
    assert (row.external, row.load_bearing) == (False, True)  # its own word first, the type's where it has none


def test_property_sets_are_lost_doubled_or_changed(model: SmallModel) -> None:
    doors = [model.content("IfcDoor", f"门{number}", of=model.first) for number in range(3)]
    for number, door in enumerate(doors):
        pset = model.properties(
            "华筑_门",
            防火等级=("IfcLabel", "甲级"),
            宽度=("IfcLengthMeasure", 900.0),
            批次=("IfcInteger", number // 2),
        )
        model.relate("IfcRelDefinesByProperties", RelatingPropertyDefinition=pset, RelatedObjects=[door])
    area = model.add("IfcQuantityArea", Name="NetArea", AreaValue=1.89)
    quantity = model.thing("IfcElementQuantity", "BaseQuantities", Quantities=[area])
    model.relate("IfcRelDefinesByProperties", RelatingPropertyDefinition=quantity, RelatedObjects=[doors[0]])
    index = indexed(model)
    first, second, third = ([index.property_sets[key] for key in row.pset_hashes] for row in index.elements)
    assert first[0].name == "华筑_门"
    assert first[0].properties == {"防火等级": "甲级", "宽度": 900.0, "批次": 0}
    assert first[1].properties == {"NetArea": 1.89}
    assert second == first[:1]
    assert third[0].properties["批次"] == 1
    assert len(index.property_sets) == 3  # the same content is kept once


def test_undecided_is_taken_for_a_decision(model: SmallModel) -> None:
    undecided = model.content("IfcCovering", "?", of=model.first, PredefinedType="NOTDEFINED")
    ceiling = model.content("IfcCovering", "吊顶", of=model.first, PredefinedType="CEILING")
    assert element(model, undecided).predefined_type is None
    assert element(model, ceiling).predefined_type == "CEILING"


# ------------------------------------------------------------------------------------------------ relations


def test_an_element_is_not_found_from_its_room(model: SmallModel) -> None:
    room = model.part("IfcSpace", "主卧", of=model.first)
    wall = model.content("IfcWall", "墙", of=model.first)
    bed = model.content("IfcFurnishingElement", "床", of=room)
    floor = model.content("IfcCovering", "地板", of=model.first)
    pump = model.content("IfcDistributionElement", "泵", of=model.ground)
    for _ in range(2):  # a wall bounds a room with several faces
        model.relate("IfcRelSpaceBoundary", RelatingSpace=room, RelatedBuildingElement=wall)
    model.relate("IfcRelSpaceBoundary", RelatingSpace=room)  # towards another room
    covered = "RelatedSpace" if model.file.schema == "IFC2X3" else "RelatingSpace"
    model.relate("IfcRelCoversSpaces", **{covered: room, "RelatedCoverings": [floor]})
    heating = model.group("IfcSystem", "采暖", [pump, room])
    model.relate("IfcRelServicesBuildings", RelatingSystem=heating, RelatedBuildings=[model.building, room])
    index = indexed(model)
    assert index.relations == (
        (room.id(), wall.id(), "boundary"),
        (room.id(), bed.id(), "contained"),
        (room.id(), floor.id(), "covers"),
        (room.id(), pump.id(), "serves"),
    )
    assert index.space_boundaries == 3
    assert [(row.name, row.element_steps) for row in index.systems] == [("采暖", (pump.id(),))]


def test_a_pipe_is_not_in_the_system_of_its_ports(model: SmallModel) -> None:
    pipe = model.content("IfcFlowSegment", "立管", of=model.first)
    port = model.thing("IfcDistributionPort", None)
    if model.file.schema == "IFC2X3":
        model.relate("IfcRelConnectsPortToElement", RelatingPort=port, RelatedElement=pipe)
    else:
        model.relate("IfcRelNests", RelatingObject=pipe, RelatedObjects=[port])
    model.group("IfcSystem", "排水", [port])
    assert [(row.name, row.element_steps) for row in indexed(model).systems] == [("排水", (pipe.id(),))]


def test_how_an_element_is_classified_is_lost(model: SmallModel) -> None:
    code = "ItemReference" if model.file.schema == "IFC2X3" else "Identification"
    wall = model.content("IfcWall", "墙", of=model.first)
    kind = model.thing("IfcWallType", "剪力墙200", PredefinedType="SHEAR")
    model.relate("IfcRelDefinesByType", RelatingType=kind, RelatedObjects=[wall])
    system = model.add("IfcClassification", Name="GB/T 51269", Source="MOHURD", Edition="2017")
    group = model.add("IfcClassificationReference", **{code: "14-10", "ReferencedSource": system})
    own = model.add("IfcClassificationReference", **{code: "14-10.20", "ReferencedSource": group})
    nameless = model.add("IfcClassificationReference", Name="外墙")
    for item, reference in ((wall, own), (kind, nameless)):
        model.relate("IfcRelAssociatesClassification", RelatedObjects=[item], RelatingClassification=reference)
    assert element(model, wall).classifications == ("GB/T 51269:14-10.20", "外墙")


# ------------------------------------------------------------------------------------------------ damage and findings


def test_elements_that_share_a_global_id_are_taken_for_one(model: SmallModel) -> None:
    first = model.content("IfcWall", "墙1", of=model.first)
    second = model.content("IfcWall", "墙2", of=model.first, GlobalId=first.GlobalId)
    model.content("IfcWall", "墙3", of=model.first, GlobalId="bad")
    index = indexed(model)
    assert [row.step_id for row in index.elements if row.guid == first.GlobalId] == [first.id(), second.id()]
    assert counts(model)["DUPLICATE_GLOBAL_IDS"] == 1
    assert counts(model)["MISSING_GLOBAL_IDS"] == 1


def test_a_circle_of_containers_never_ends(model: SmallModel) -> None:
    outer, inner = (model.thing("IfcElementAssembly", name) for name in "ab")
    model.relate("IfcRelAggregates", RelatingObject=outer, RelatedObjects=[inner])
    model.relate("IfcRelAggregates", RelatingObject=inner, RelatedObjects=[outer])
    assert element(model, inner).storey_step is None
    assert counts(model)["ELEMENTS_WITHOUT_STOREY"] == 2


def test_relations_without_an_end_stop_the_index(model: SmallModel) -> None:
    wall = model.content("IfcWall", "墙", of=model.first)
    for relation, end in (
        ("IfcRelContainedInSpatialStructure", "RelatedElements"),
        ("IfcRelDefinesByType", "RelatedObjects"),
        ("IfcRelDefinesByProperties", "RelatedObjects"),
        ("IfcRelAssociatesMaterial", "RelatedObjects"),
        ("IfcRelAssignsToGroup", "RelatedObjects"),
        ("IfcRelAggregates", "RelatedObjects"),
    ):
        model.relate(relation, **{end: [wall]})
        model.relate(relation)
    assert element(model, wall).storey_step == model.first.id()


def test_a_damaged_unit_puts_every_position_elsewhere(model: SmallModel) -> None:
    model.project.UnitsInContext.Units = None
    with pytest.raises(RefusedModelError, match="length unit"):
        indexed(model)


def test_a_model_in_feet_has_storeys_as_high_as_mountains(model: SmallModel) -> None:
    metre = model.add("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
    factor = model.add("IfcMeasureWithUnit", ValueComponent=model.add("IfcReal", wrappedValue=0.3048), UnitComponent=metre)
    feet = model.add("IfcConversionBasedUnit", UnitType="LENGTHUNIT", Name="FOOT", ConversionFactor=factor)
    model.project.UnitsInContext.Units = [feet]
    model.first.Elevation = 10.0
    index = indexed(model)
    assert index.unit_scale == pytest.approx(0.3048)
    assert index.storeys[1].elevation == pytest.approx(3.048)


def test_the_exporter_is_not_told_what_is_missing(model: SmallModel) -> None:
    assert counts(model) == {"NO_SPACES": 1, "NO_ELEMENTS": 1}
    model.part("IfcSpace", None, of=model.first)
    model.thing("IfcSpace", "孤")
    model.part("IfcBuildingStorey", None, of=model.building)
    model.content("IfcBuildingElementProxy", "?", of=model.first, Tag="1", **model.box((0, 0, 0), (1, 1, 1)))
    model.thing("IfcWall", "控制\x9f")
    assert counts(model) == {
        "UNNAMED_STOREYS": 1,
        "UNNAMED_SPACES": 1,
        "SPACES_WITHOUT_STOREY": 1,
        "SPACES_WITHOUT_ZONE": 2,
        "NO_SPACE_BOUNDARIES": 1,
        "ELEMENTS_WITHOUT_STOREY": 1,
        "ELEMENTS_WITHOUT_TAG": 1,
        "ELEMENTS_WITHOUT_GEOMETRY": 1,
        "PROXY_ELEMENTS": 1,
        "GARBLED_TEXT": 1,
    }


def test_a_stair_of_flights_is_blamed_for_having_no_geometry(model: SmallModel) -> None:
    stair = model.content("IfcStair", "梯", of=model.first, Tag="1")
    model.part("IfcStairFlight", "梯段", of=stair, Tag="2", **model.box((0, 0, 0), (1000, 1000, 100)))
    assert "ELEMENTS_WITHOUT_GEOMETRY" not in counts(model)


def test_a_complete_model_is_found_fault_with(model: SmallModel) -> None:
    room = model.part("IfcSpace", "主卧", of=model.first)
    model.group("IfcZone", "1-201", [room])
    wall = model.content("IfcWall", "墙", of=model.first, Tag="1", **model.box((0, 0, 0), (1000, 200, 2800)))
    model.relate("IfcRelSpaceBoundary", RelatingSpace=room, RelatedBuildingElement=wall)
    assert indexed(model).findings == ()


def test_what_the_parser_dropped_is_not_told() -> None:
    log = "[error] [2025] Entity with name 'IfcTorus' not found in schema\n[error] [2025] Attribute count mismatch"
    findings = index_model(SmallModel("IFC4").file, log, "gb18030").findings
    told = {finding.code: finding for finding in findings}
    assert "IfcTorus" in told["UNKNOWN_CLASSES"].message_zh
    assert told["PARSER_ERRORS"] == Finding(
        "PARSER_ERRORS",
        "Errors in the file, the first: Attribute count mismatch",
        "文件有错误，第一处：Attribute count mismatch",
        1,
    )
    assert "gb18030" in told["RAW_TEXT"].message_en
