"""Elements of one model at rooms of another: a pipe is in the plumber's file, the bathroom in the architect's.

All current models of a building in one frame (`connectors.bim.placing.same_frame`) are looked at; what each states of its own
elements stays as it is. A room's revision counts as changed when elements of another file come to its rooms or leave them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, Row, Table, select, text, update

from connectors.bim.findings import finding
from connectors.bim.meshes import NO_MESHES, Meshes, read_meshes
from connectors.bim.neighbours import Bodies, adjacent
from connectors.bim.placing import Frame, same_frame
from connectors.bim.shapes import Box, Finding
from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import StopError
from warranty_hub.pipelines.model_files import ModelFile
from warranty_hub.pipelines.model_rows import ReadModel
from warranty_hub.warehouse.load import copy_rows
from warranty_hub.warehouse.tables import THIS_TRANSACTION, bim_element_revision, bim_revision, bim_space, space_element

COLUMNS = ("revision_id", "space_step", "element_revision_id", "element_step", "relation", "distance")


@dataclass(frozen=True)
class Others:
    """The current revisions of the building's other models, by whether they lie in the frame of this one."""

    here: Sequence[Row[Any]]
    apart: Sequence[Row[Any]]

    def findings(self) -> Iterator[Finding]:
        """A pipe of a model that lies elsewhere is found in no room."""
        if self.apart:
            yield finding("FRAMES_DIFFER", len(self.apart), ", ".join(row.model_id for row in self.apart))


def other_models(db: Connection, file: ModelFile, frame: Frame | None) -> Others:
    """``frame`` is None for a model without geometry, which lies nowhere."""
    settings = file.settings
    query = select(bim_revision).where(
        bim_revision.c.current,
        bim_revision.c.model_id != file.model_id,
        bim_revision.c.project_code == settings.project,
        bim_revision.c.building_code == settings.building,
        bim_revision.c.extent.is_not(None),
    )
    rows = db.execute(query.order_by(bim_revision.c.model_id)).all() if frame else []
    here = [row for row in rows if frame and same_frame(frame, (Box(*row.extent), row.georeference))]
    return Others(here, [row for row in rows if row not in here])


def relate(
    db: Connection, artefacts: ArtefactStore, revision_id: int, model: ReadModel, others: Others, superseded: Iterable[int]
) -> int:
    """Write which elements of other models stand at the revision's rooms, and which of its elements at theirs; how many."""
    found: list[tuple[Any, ...]] = []
    classes = {row.step_id: row.ifc_class for row in model.index.elements}
    for other in others.here:
        boxes, meshes = _boxes(db, bim_space, other.revision_id), _meshes(artefacts, other.meshes)
        if model.rooms.boxes:
            elements = Bodies(_boxes(db, bim_element_revision, other.revision_id), meshes)
            near = adjacent(model.rooms, elements, _classes(db, other.revision_id))
            found += [(revision_id, item[0], other.revision_id, item[1], "adjacent", item[2]) for item in near]
        near = adjacent(Bodies(boxes, meshes), model.elements, classes)
        found += [(other.revision_id, item[0], revision_id, item[1], "adjacent", item[2]) for item in near]
    copy_rows(db, space_element, COLUMNS, found)
    _touch_rooms(db, {revision_id, *superseded})
    return len(found)


def _boxes(db: Connection, table: Table, revision_id: int) -> dict[int, Box]:
    columns = [table.c.step_id, *(table.c[name] for name in Box._fields)]
    rows = db.execute(select(*columns).where(table.c.revision_id == revision_id, table.c.x_min.is_not(None)))
    return {row.step_id: Box(*row[1:]) for row in rows}


def _classes(db: Connection, revision_id: int) -> dict[int, str]:
    item = bim_element_revision
    return {
        row.step_id: row.ifc_class
        for row in db.execute(select(item.c.step_id, item.c.ifc_class).where(item.c.revision_id == revision_id))
    }


def _meshes(artefacts: ArtefactStore, address: str) -> Meshes:
    """None where the store has lost them: boxes then stand for all, until the model is read again."""
    try:
        return read_meshes(BytesIO(artefacts.get(address)))
    except StopError:
        return NO_MESHES


def _touch_rooms(db: Connection, elements_of: set[int]) -> None:
    """The current revisions at whose rooms elements of these stand, or stood until now."""
    at_rooms = select(space_element.c.revision_id).where(
        space_element.c.element_revision_id.in_(elements_of), space_element.c.revision_id.not_in(elements_of)
    )
    touched = update(bim_revision).where(bim_revision.c.current, bim_revision.c.revision_id.in_(at_rooms))
    db.execute(touched.values(changed_tx=text(THIS_TRANSACTION)))
