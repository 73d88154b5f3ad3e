"""The engineer's own tool shows warranty and defects on the element, and the model is as valid as it was."""

import json
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest
from ifcopenshell import validate
from ifcopenshell.util.element import get_psets

from connectors.bim.write_back import Facts, write_back
from tests.connectors.bim.material import NEEDS_SHARED, SHARED
from tests.connectors.bim.small import SCHEMAS, SmallModel

MODELS = {"IFC2X3": "XELLA-1e_verdieping.ifc", "IFC4": "AC20-FZK-Haus.ifc", "IFC4X3": "4x3_PCERT_Building-Architecture.ifc"}
SETS: dict[str, dict[str, bool | int | str]] = {
    "Pset_Warranty": {
        "WarrantyIdentifier": "CN-02", "WarrantyStartDate": "2023-09-28", "WarrantyEndDate": "2028-09-28",
        "IsExtendedWarranty": False, "PointOfContact": "施工单位", "Nonsense": "x",
    },
    "Pset_Condition": {"AssessmentDate": "2025-04-01", "AssessmentCondition": "OPEN"},
    "WarrantyHub_Defects": {"OpenDefects": 2, "CostCNY": "1234.50", "LastDefect": "渗漏水"},
}  # fmt: skip
EXPECTED = {
    "IFC2X3": {"WarrantyIdentifier", "WarrantyEndDate", "WarrantyStartDate", "IsExtendedWarranty"},
    "IFC4": {"WarrantyIdentifier", "WarrantyEndDate", "WarrantyStartDate", "IsExtendedWarranty", "PointOfContact"},
    "IFC4X3": {"WarrantyIdentifier", "WarrantyStartDate", "IsExtendedWarranty", "PointOfContact"},
}


def complaints(path: Path) -> list[str]:
    logger = validate.json_logger()
    validate.validate(ifcopenshell.open(str(path)), logger)
    return sorted(json.dumps({**item, "instance": str(item.get("instance"))}, default=str) for item in logger.statements)


def starts_on(item: Any) -> str:
    """IFC2X3 states a date as an entity, which ifcopenshell's own summary of property sets leaves out."""
    if item.is_a("IfcPropertySingleValue"):
        return str(item.NominalValue.wrappedValue)
    day = item.PropertyReference
    return f"{day.YearComponent}-{day.MonthComponent:02}-{day.DayComponent:02}"


@NEEDS_SHARED
@pytest.mark.parametrize(("schema", "name"), MODELS.items())
def test_the_copy_is_less_valid_than_the_model(schema: str, name: str, tmp_path: Path) -> None:
    source, first, second = SHARED / name, tmp_path / "first.ifc", tmp_path / "second.ifc"
    before = source.read_bytes()
    elements = [item.id() for item in ifcopenshell.open(str(source)).by_type("IfcWall")][:20]
    facts: Facts = dict.fromkeys(elements, SETS)
    write_back(source, facts, first)
    write_back(source, facts, second)
    assert first.read_bytes() == second.read_bytes()
    assert source.read_bytes() == before
    assert len(complaints(first)) <= len(complaints(source))
    model = ifcopenshell.open(str(first))
    for step in elements:
        sets = get_psets(model.by_id(step), psets_only=True)
        written = {item.Name: item for item in model.by_id(sets["Pset_Warranty"]["id"]).HasProperties}
        assert set(written) == EXPECTED[schema]
        assert starts_on(written["WarrantyStartDate"]) == "2023-09-28"
        assert ("Pset_Condition" in sets) == (schema != "IFC2X3")
        assert sets["WarrantyHub_Defects"]["CostCNY"] == "1234.50"
    guids = [item.GlobalId for item in model.by_type("IfcRelDefinesByProperties")]
    assert len(guids) == len(set(guids))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_set_that_a_model_has_is_doubled_or_changed_for_others(schema: str, tmp_path: Path) -> None:
    model = SmallModel(schema)
    walls = [model.content("IfcWall", f"墙{number}", of=model.ground) for number in range(3)]
    shared = model.properties("WarrantyHub_Defects", OpenDefects=("IfcInteger", 9), Note=("IfcLabel", "kept"))
    alone = model.properties("WarrantyHub_Defects", OpenDefects=("IfcInteger", 8), Note=("IfcLabel", "too"))
    model.relate("IfcRelDefinesByProperties", RelatedObjects=walls[:2], RelatingPropertyDefinition=shared)
    model.relate("IfcRelDefinesByProperties", RelatedObjects=walls[2:], RelatingPropertyDefinition=alone)
    facts: Facts = {wall.id(): {"WarrantyHub_Defects": {"OpenDefects": 1}} for wall in (walls[0], walls[2])}
    write_back(model.write(tmp_path / "a.ifc"), facts, tmp_path / "b.ifc")
    copy = ifcopenshell.open(str(tmp_path / "b.ifc"))
    found = [get_psets(copy.by_id(wall.id()))["WarrantyHub_Defects"] for wall in walls]
    assert [(item["OpenDefects"], item["Note"]) for item in found] == [(1, "kept"), (9, "kept"), (1, "too")]
    for wall in walls:
        assert len([relation for relation in copy.by_id(wall.id()).IsDefinedBy]) == 1


def test_a_model_without_defects_is_changed(tmp_path: Path) -> None:
    source = SmallModel("IFC4").write(tmp_path / "a.ifc")
    write_back(source, {}, tmp_path / "b.ifc")
    assert (tmp_path / "b.ifc").read_bytes() == source.read_bytes()
