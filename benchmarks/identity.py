"""How many elements of real models live on from one revision to the next: python -m benchmarks.identity

Each pair is indexed as the hub does it, old files first; then its rows say who was recognised by what. Real models are not part
of the project: see $WARRANTY_HUB_IFC_DIR. Prints the table of docs/identity.md.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from mappings.elements.fit import plain_class
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.settings import Settings
from warranty_hub.warehouse.database import migrate, open_database
from warranty_hub.warehouse.embedded import EmbeddedPostgres

SHARED = Path(os.environ.get("WARRANTY_HUB_IFC_DIR", "../shared/ifc"))
OLD, NEW = "revisions/schependomlaan_b", "revisions/schependomlaan_a"
SPLIT = ("balkons", "banden", "trappen+bordessen")
PAIRS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Duplex": ("revisions/Duplex_A_20110505.ifc", ("Duplex_A_20110907.ifc",)),
    "FZK": ("revisions/AC11-FZK-Haus.ifc", ("AC20-FZK-Haus.ifc",)),
    **{name: (f"{OLD}/{name}.ifc", (f"{NEW}/{name}.ifc",)) for name in (
        "GEELEN-Breedplaat_V1", "GEELEN-Dakvloer", "YTONG-Kavel_01", "YTONG-Kavel_02", "YTONG-Kavel_03")},
    "MULTICOM": (f"{OLD}/MULTICOM-Prefab.ifc", tuple(f"{NEW}/MULTICOM-{part}.ifc" for part in SPLIT)),
}  # fmt: skip
METHODS = ("TAG", "BOX_10_MM", "BOX_50_MM", "CONTENT")
HEAD = ("pair", "old", "same GlobalId", "tag", "10 mm", "50 mm", "content", "recognised", "doubtful", "wrong")
FAR = 0.5  # metres between the nearest faces: no evidence but a GlobalId may join what lies further apart

LIVING = """
    SELECT o.ifc_class AS old_class, n.ifc_class AS new_class, o.guid IS NOT DISTINCT FROM n.guid AS same_guid, m.method,
           greatest(o.x_min - n.x_max, n.x_min - o.x_max, o.y_min - n.y_max, n.y_min - o.y_max,
                    o.z_min - n.z_max, n.z_min - o.z_max) AS gap
    FROM hub.bim_element_revision o JOIN hub.bim_revision was ON was.revision_id = o.revision_id AND NOT was.current
    JOIN hub.bim_element_revision n ON n.element_key = o.element_key
    JOIN hub.bim_revision now ON now.revision_id = n.revision_id AND now.current
    LEFT JOIN hub.element_match m ON m.new_key = n.own_key AND m.state = 'AUTO'
    WHERE was.project_code = :project"""

COUNTS = """
    SELECT count(*) AS old, (SELECT count(DISTINCT old_key) FROM hub.element_match
                             WHERE state = 'REVIEW' AND project_code = :project) AS doubtful
    FROM hub.bim_element_revision JOIN hub.bim_revision r USING (revision_id)
    WHERE r.project_code = :project AND NOT r.current"""


@dataclass(frozen=True)
class Survival:
    """What became of a pair's old elements. ``wrong``: links that class and box contradict."""

    pair: str
    old: int
    same_guid: int
    by_method: dict[str, int]
    doubtful: int
    wrong: int

    @property
    def recognised(self) -> int:
        """All that kept their key."""
        return self.same_guid + sum(self.by_method.values())

    def row(self) -> Sequence[str]:
        """In the order of HEAD."""
        methods = [str(self.by_method.get(method, 0)) for method in METHODS]
        share = f"{self.recognised} ({self.recognised / self.old:.0%})"
        return [self.pair, str(self.old), str(self.same_guid), *methods, share, str(self.doubtful), str(self.wrong)]


def measure(database: str, pair: str) -> Survival:
    """Index old and new files of a pair in a database of their own kind, and see who lives on."""
    old, new = PAIRS[pair]
    for files in ((old,), new):
        models = {
            (pair if len(new) == 1 else Path(file).stem): {"project": pair, "building": "1", "file": str(SHARED / file)}
            for file in files
        }
        known = {"database": database, "models": models, "artefacts": "memory://identity"}
        hub = Hub(Settings.model_validate(known), open_database(database))
        for model in models:
            index_model(hub, model)
    with hub.transactions() as db:
        rows = db.execute(text(LIVING), {"project": pair}).all()
        counts = db.execute(text(COUNTS), {"project": pair}).one()
    hub.engine.dispose()
    same = [row for row in rows if row.same_guid]
    found = [row.method for row in rows if not row.same_guid]
    wrong = sum(
        plain_class(row.old_class) != plain_class(row.new_class) or (row.gap or 0) > FAR for row in rows if not row.same_guid
    )
    return Survival(pair, counts.old, len(same), {name: found.count(name) for name in METHODS}, counts.doubtful, wrong)


def _table() -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{'---|' * len(HEAD)}"
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres", throw_away=True) as server:
        server.create_database("identity")
        migrate(open_database(server.url("identity")))
        for pair in PAIRS:
            yield f"| {' | '.join(measure(server.url('identity'), pair).row())} |"


if __name__ == "__main__":
    for line in _table():
        print(line, flush=True)
