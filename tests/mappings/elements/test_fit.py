"""Component to IFC: a wrong match shows a craftsman the wrong thing, a missed one hides the right one."""

from pathlib import Path
from uuid import UUID

import pytest

from mappings.elements import Element, Fit, fit
from mappings.lexicon import company_words


def element(ifc_class: str, predefined_type: str | None = None, name: str | None = None, **facts: bool | str) -> Element:
    return Element(UUID(int=1), ifc_class, predefined_type=predefined_type, name=name, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("component", "candidate", "how"),
    [
        ("C25", element("IfcWindow", name="M_Fixed:750mm x 2200mm"), Fit.SURE),
        ("C25", element("IfcDoor", name="窗"), Fit.NO),  # the class decides, not the name
        ("C26", element("IfcWindow"), Fit.POSSIBLE),
        ("C26", element("IfcWindow", "SKYLIGHT"), Fit.SURE),
        ("C84", element("IfcWallStandardCase"), Fit.SURE),
        ("C84", element("IfcWallElementedCase"), Fit.SURE),
        ("C66", element("IfcOutlet", "POWEROUTLET"), Fit.SURE),
        ("C66", element("IfcOutlet", "DATAOUTLET"), Fit.NO),
        ("C66", element("IfcOutlet"), Fit.POSSIBLE),  # power or data, the model does not say
        ("C29", element("IfcCovering", "CEILING"), Fit.NO),
        ("C33", element("IfcCovering", "CEILING"), Fit.SURE),
        ("C33", element("IfcCovering", "NOTDEFINED"), Fit.POSSIBLE),
        ("C33", element("IfcCovering", "NOTDEFINED", "Compound Ceiling:Gypsum Board"), Fit.SURE),
        ("C29", element("IfcCovering", None, "Compound Ceiling:Gypsum Board"), Fit.NO),
        ("C06", element("IfcSlab", "ROOF"), Fit.SURE),
        ("C06", element("IfcSlab", "FLOOR"), Fit.NO),
        ("C01", element("IfcWall", is_external=True), Fit.SURE),
        ("C01", element("IfcWall", is_external=False), Fit.NO),
        ("C01", element("IfcWall"), Fit.POSSIBLE),
        ("C01", element("IfcWall", name="Basic Wall:Interior - Partition (92mm Stud)"), Fit.NO),
        ("C03", element("IfcWall", load_bearing=True), Fit.SURE),
        ("C19", element("IfcDoor", name="入户门 M1021"), Fit.SURE),
        ("C19", element("IfcDoor", name="卫生间门 M0821"), Fit.NO),
        ("C19", element("IfcDoor", name="M_Single-Flush"), Fit.POSSIBLE),
        ("C17", element("IfcSlab", "USERDEFINED", object_type="雨篷"), Fit.SURE),
        ("C17", element("IfcSlab", "USERDEFINED", object_type="路面"), Fit.NO),
        ("C17", element("IfcSlab"), Fit.NO),  # any slab might be one: too little
        ("C27", element("IfcWindow"), Fit.POSSIBLE),  # the glass of the window
        ("C27", element("IfcDoor", name="入户门"), Fit.POSSIBLE),
    ],
)
def test_class_predefined_type_and_conditions_decide(component: str, candidate: Element, how: Fit) -> None:
    assert fit(component, candidate) is how


@pytest.mark.parametrize(
    ("component", "name", "how"),
    [
        ("C66", "M_Duplex Receptacle:Standard", Fit.SURE),
        ("C66", "M_Toilet-Domestic-3D", Fit.NO),
        ("C66", "TYPE-07", Fit.POSSIBLE),
        ("C41", "M_Toilet-Domestic-3D", Fit.SURE),
        ("C41", "M_Duplex Receptacle:Standard", Fit.NO),
    ],
)
def test_in_ifc2x3_where_one_class_is_many_things_the_name_helps(component: str, name: str, how: Fit) -> None:
    assert fit(component, element("IfcFlowTerminal", name=name)) is how


def test_a_proxy_without_a_telling_name_is_nothing() -> None:
    assert fit("C65", element("IfcBuildingElementProxy", name="TYPE-07")) is Fit.NO
    assert fit("C65", element("IfcBuildingElementProxy", name="烟道")) is Fit.SURE


def test_a_companys_word_for_it_in_its_name_is_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("set,code,words,example,source\ncomponent,C65,出气匣子,,\n", encoding="utf-8")
    proxy = element("IfcBuildingElementProxy", name="出气匣子 300x300")
    assert fit("C65", proxy) is Fit.NO
    assert fit("C65", proxy, company_words(file)) is Fit.SURE
