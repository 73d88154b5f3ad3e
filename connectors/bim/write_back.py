"""Writes property sets into a copy of a model, as its schema and buildingSMART's templates have them.

A property that the template of the model's schema does not know is left out: IFC2X3 has no Pset_Condition, IFC4X3 no
WarrantyEndDate, and IFC2X3 states dates as entities. The same model and the same facts give the same bytes.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid5

from connectors.bim.ifc import open_step
from connectors.bim.step_file import plain_step_file
from connectors.bim.worker import Limits, run_limited
from warranty_hub.errors import RefusedModelError

NEW_ENTITIES = UUID("0f4e6a58-3a0f-5a67-9d39-6f0d0f2f1c11")
LIMITS = Limits(timeout_s=1800, memory_mb=8192)
OWN_MEASURES = {bool: "IfcBoolean", int: "IfcInteger", str: "IfcText"}
Properties = Mapping[str, bool | int | str]
Facts = Mapping[int, Mapping[str, Properties]]
"""By STEP id and name of the property set; dates as ISO text."""


def write_back(path: Path, facts: Facts, target: Path, limits: Limits = LIMITS) -> None:
    """Write a copy of the model with the sets to ``target``; the model itself is only read.

    Sets that an element has are extended, others added. Raises RefusedModelError as `read_model` does.
    """
    with plain_step_file(path) as step, TemporaryDirectory(prefix="ifc-write-") as folder:
        given, made = Path(folder) / "facts.json", Path(folder) / "copy.ifc"
        given.write_text(json.dumps(facts), encoding="utf-8")
        ending = run_limited(write_copy, [str(step.path), path.name, str(given), str(made)], limits)
        if ending is not None:
            raise RefusedModelError(
                f"{path.name} could not be written: {ending}", remedy="A larger limit may help a large model."
            )
        target.write_bytes(made.read_bytes())


def write_copy(step: str, name: str, facts: str, target: str) -> None:
    """What the child process does."""
    model, _ = open_step(Path(step), name)
    copy = _Copy(model)
    for step_id, sets in sorted(json.loads(Path(facts).read_text(encoding="utf-8")).items(), key=lambda item: int(item[0])):
        for set_name, properties in sorted(sets.items()):
            copy.put(model.by_id(int(step_id)), set_name, properties)
    model.write(target)


class _Copy:
    def __init__(self, model: Any) -> None:
        from ifcopenshell.util.pset import get_template

        self._model = model
        self._templates = get_template(model.schema)

    def put(self, element: Any, name: str, properties: Properties) -> None:
        """Add the set to the element, or extend the one it has; a set that others share is copied for this one first."""
        made = {key: found for key, value in properties.items() if (found := self._property(name, key, value))}
        if not made:
            return
        relation = next((found for found in element.IsDefinedBy if _set_name(found) == name), None)
        had = relation.RelatingPropertyDefinition.HasProperties if relation else ()
        wanted = [item for item in had if item.Name not in made] + list(made.values())
        if relation and _is_alone(relation):
            relation.RelatingPropertyDefinition.HasProperties = wanted
            return
        if relation:
            relation.RelatedObjects = [other for other in relation.RelatedObjects if other != element]
        self._add(element, name, wanted)

    def _add(self, element: Any, name: str, properties: list[Any]) -> None:
        owner = element.OwnerHistory
        made = self._model.create_entity("IfcPropertySet", _guid(element, name), owner, name, None, properties)
        self._model.create_entity(
            "IfcRelDefinesByProperties", _guid(element, f"{name}/relation"), owner, None, None, [element], made
        )

    def _property(self, set_name: str, name: str, value: bool | int | str) -> Any:
        if not set_name.startswith("Pset_"):
            return self._single(name, OWN_MEASURES[type(value)], value)
        template = self._templates.get_by_name(set_name)
        known = {item.Name: item for item in template.HasPropertyTemplates} if template else {}
        if name not in known:
            return None
        if known[name].PrimaryMeasureType == "IfcCalendarDate":
            day = date.fromisoformat(str(value))
            moment = self._model.create_entity("IfcCalendarDate", day.day, day.month, day.year)
            return self._model.create_entity("IfcPropertyReferenceValue", name, None, None, moment)
        single = known[name].TemplateType == "P_SINGLEVALUE"
        return self._single(name, known[name].PrimaryMeasureType, value) if single else None

    def _single(self, name: str, measure: str, value: bool | int | str) -> Any:
        nominal = self._model.create_entity(measure, value)
        return self._model.create_entity("IfcPropertySingleValue", name, None, nominal, None)


def _set_name(relation: Any) -> str | None:
    """Of an IfcPropertySet; IFC2X3 lists relations to types there, too."""
    definition = getattr(relation, "RelatingPropertyDefinition", None)
    return definition.Name if definition is not None and definition.is_a("IfcPropertySet") else None


def _is_alone(relation: Any) -> bool:
    definition = relation.RelatingPropertyDefinition
    inverse = definition.PropertyDefinitionOf if hasattr(definition, "PropertyDefinitionOf") else definition.DefinesOccurrence
    return len(relation.RelatedObjects) == 1 and len(inverse) == 1


def _guid(element: Any, what: str) -> str:
    """The same for the same element of the same file: a GlobalId may occur twice in it."""
    from ifcopenshell.guid import compress

    guid: str = compress(uuid5(NEW_ENTITIES, f"{element.GlobalId}/{element.id()}/{what}").hex)
    return guid
