"""How sure a project's answers may be, as far as its people's decisions tell."""

from sqlalchemy import Connection, text

from mappings.elements import Calibration, Judged, calibrate, shipped
from warranty_hub.warehouse.judged import JUDGED


def calibration_of(db: Connection, project: str) -> Calibration:
    """The shipped score, corrected by the decisions that hold in a project."""
    query = f"SELECT method, signs, held FROM ({JUDGED}) AS judged WHERE project_code = :project"
    rows = db.execute(text(query), {"project": project})
    return calibrate([Judged(row.method, tuple(row.signs), row.held) for row in rows], shipped())
