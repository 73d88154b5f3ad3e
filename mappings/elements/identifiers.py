"""The first stage: elements that a text or a scanned sticker names by an identifier."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mappings.elements.fit import Fit
from mappings.elements.index import Element, ElementIndex
from mappings.elements.location import DefectText, LocateMethod, Sign
from mappings.elements.surroundings import Surroundings

_GLOBAL_ID = re.compile(r"(?<![0-9A-Za-z_$])[0-3][0-9A-Za-z_$]{21}(?![0-9A-Za-z_$])")
_REFERENCE = re.compile(r"[0-9A-Za-z_.-]{2,}")
_LABELLED = re.compile(r"(?:编号|资产号|构件号|标签|\b(?:tag|asset|qr)\b(?: no)?)[ .:#]*([0-9A-Za-z_.-]{2,})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identified:
    """The elements that bear the identifier, as far as the text's place tells them apart, and what speaks for them or not."""

    method: LocateMethod
    elements: tuple[Element, ...]
    signs: tuple[Sign, ...]


def identified(defect: DefectText, around: Surroundings) -> Identified | None:
    """What the text's identifiers stand for; a GlobalId counts before a tag."""
    for method, find in ((LocateMethod.GLOBAL_ID, _by_global_id), (LocateMethod.TAG, _by_tag)):
        named = find(defect, around.elements)
        bearers = [element for element in named if defect.only or not defect.components or _fits(defect, element, around)]
        if bearers:
            return _judged(defect, around, method, bearers)
    return None


def _by_global_id(defect: DefectText, elements: ElementIndex) -> list[Element]:
    """The reference field as it stands, for models hold invalid GlobalIds too; anywhere else only what looks like one."""
    reference = defect.element_ref.strip()
    written = [reference, *_GLOBAL_ID.findall(f"{reference} {defect.text}")]
    return [element for guid in dict.fromkeys(written) for element in elements.by_guid(guid)]


def _by_tag(defect: DefectText, elements: ElementIndex) -> list[Element]:
    """The reference field, whole or in parts (a QR code often holds a web address); in free text only a labelled number."""
    reference = defect.element_ref.strip()
    parts = _REFERENCE.findall(reference) if not elements.by_tag(reference) else [reference]
    written = (*parts, *_LABELLED.findall(defect.text))
    return list({element.key: element for tag in written for element in elements.by_tag(tag)}.values())


def _judged(defect: DefectText, around: Surroundings, method: LocateMethod, bearers: Sequence[Element]) -> Identified:
    """A tag that each tower uses again is told apart by the place of the text."""
    places = {element.key: around.holds(defect.defect.where, element) for element in bearers}
    here = [element for element in bearers if places[element.key]]
    known = here or bearers
    in_place = {places[element.key] for element in known}
    return Identified(method, tuple(known), tuple(_signs(defect, known, in_place, around)))


def _signs(defect: DefectText, known: Sequence[Element], in_place: set[bool | None], around: Surroundings) -> Iterator[Sign]:
    if len(known) > 1:
        yield Sign.SEVERAL
    if None not in in_place:
        yield Sign.SAME_PLACE if True in in_place else Sign.OTHER_PLACE
    if defect.components:
        yield Sign.SAME_KIND if any(_fits(defect, element, around) for element in known) else Sign.OTHER_KIND


def _fits(defect: DefectText, element: Element, around: Surroundings) -> bool:
    return around.candidates.fit(defect.components, element) is not Fit.NO
