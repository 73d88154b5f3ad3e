"""The dictionaries themselves: a wrong row would silently find nothing, or show a bare code to people."""

import re
from enum import StrEnum

import pytest

from mappings.elements.fit import rules
from mappings.elements.location import LocateMethod
from mappings.lexicon import Standing, label, lexicon, read
from warranty_hub.records import codes
from warranty_hub.rules.allocation import UNKNOWN, UNLINKED
from warranty_hub.rules.linking import LinkMethod

CATEGORIES = {
    "STRUCTURE_LIFE",
    "WATERPROOF_5Y",
    "ENERGY_5Y_LOCAL",
    "HVAC_2SEASON",
    "MEP_2Y",
    "LIFT_2Y",
    "FINISH_2Y",
    "AGREED",
}


def test_every_ifc_class_and_predefined_type_exists_so_that_components_can_be_found() -> None:
    wrapper = pytest.importorskip("ifcopenshell.ifcopenshell_wrapper")
    schemas = [wrapper.schema_by_name(name) for name in ("IFC4", "IFC4X3_ADD2", "IFC2X3")]
    for rule in rules().values():
        for ifc_class, predefined_types in rule.classes.items():
            found = [declaration for schema in schemas if (declaration := _declaration(schema, ifc_class))]
            assert found, f"{rule.code}: {ifc_class} is in no IFC schema"
            known = set().union(*map(_predefined_types, found))
            assert predefined_types <= known, f"{rule.code}: {predefined_types - known} of {ifc_class}"
        for ifc_class in (rule.coarse_class, *rule.hosts):
            assert _declaration(schemas[2], ifc_class), f"{rule.code}: IFC2X3 has no {ifc_class}"


def _declaration(schema: object, name: str) -> object:
    try:
        return schema.declaration_by_name(name)  # type: ignore[attr-defined]
    except RuntimeError:
        return None


def _predefined_types(declaration: object) -> set[str]:
    for attribute in declaration.all_attributes():  # type: ignore[attr-defined]
        if attribute.name() == "PredefinedType":
            return set(attribute.type_of_attribute().declared_type().enumeration_items())
    return set()


ENUMERATIONS = [kind for kind in vars(codes).values() if isinstance(kind, type) and issubclass(kind, StrEnum) and list(kind)]


@pytest.mark.parametrize("kind", [*ENUMERATIONS, LocateMethod, LinkMethod, Standing])
def test_every_code_that_reports_show_has_a_label_in_both_languages(kind: type[StrEnum]) -> None:
    code_set = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    for member in kind:
        shown = label(code_set, member.value)
        assert shown.zh != member.value, f"{code_set},{member.value} is missing in labels.csv"
        assert shown.en
        assert shown.en != member.value


def test_every_term_has_both_labels_and_a_category_that_has_a_label() -> None:
    terms = lexicon()
    for term in (*terms.components.values(), *terms.defect_types.values(), *terms.rooms.values()):
        assert term.label.zh
        assert re.fullmatch(r"[A-Za-z /-]+", term.label.en), term.code
    named = {term.warranty_category for term in terms.components.values()} | {
        term.warranty_category for term in terms.defect_types.values()
    }
    assert named - CATEGORIES == {"LEAK_5Y_ELSE_2Y", "BY_COMPONENT", "HANDOVER", "CONTRACT", "ROOT_CAUSE"}
    for category in CATEGORIES:
        assert label("warranty_category", category).zh != category


def test_the_example_of_a_term_is_read_as_the_term() -> None:
    terms = lexicon()
    given = [
        *((term, read(term.example).components) for term in terms.components.values() if term.example),
        *((term, read(term.example).defect_types) for term in terms.defect_types.values()),
        *((term, read(term.example).rooms) for term in terms.rooms.values()),
    ]
    assert [(term.code, found) for term, found in given if term.code not in found] == []


def test_a_code_without_label_shows_itself_and_an_unmapped_one_says_so() -> None:
    assert label("component", "C999").zh == "C999"
    assert label("cause", codes.UNMAPPED).en == "unmapped"


@pytest.mark.parametrize("code_set", ["component", "defect_type"])
@pytest.mark.parametrize("code", [UNKNOWN, UNLINKED])
def test_a_cost_that_belongs_to_no_defect_says_so_instead_of_showing_a_bare_code(code_set: str, code: str) -> None:
    assert code not in (label(code_set, code).zh, label(code_set, code).en)


def test_a_trap_is_not_a_term_for_then_it_would_catch_nothing() -> None:
    terms = lexicon()
    words = {
        word
        for term in (*terms.components.values(), *terms.defect_types.values(), *terms.rooms.values())
        for word in term.words
    }
    assert not words & set(terms.traps)


def test_a_component_or_defect_word_has_one_meaning_for_nobody_could_choose() -> None:
    terms = lexicon()
    both_at_once = {"门窗"}
    for rows in (terms.components.values(), terms.defect_types.values()):
        words = [word for term in rows for word in term.words if word not in both_at_once]
        assert len(words) == len(set(words)), {word for word in words if words.count(word) > 1}
