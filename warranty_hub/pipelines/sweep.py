"""Sweep: find records that the source no longer has, and mark them deleted, behind a fuse."""

from sqlalchemy import text

from warranty_hub.errors import ConfigError, DeletionFuseError
from warranty_hub.pipelines.hub import Hub, RunReport
from warranty_hub.pipelines.sync import Subject, subject_of
from warranty_hub.warehouse.commit import Unit
from warranty_hub.warehouse.load import copy_keys
from warranty_hub.warehouse.tables import THIS_TRANSACTION

STEP = "sweep"


def sweep_deletions(hub: Hub, source_name: str, stream_name: str) -> RunReport:
    """Compare all keys of the source with ours; what is gone there gets a tombstone here, nothing is removed.

    Only rows recorded before the sweep began are judged. Raises DeletionFuseError, with nothing deleted, when more than the
    stream's ``max_deleted_share`` would go.
    """
    subject = subject_of(hub, source_name, stream_name)
    source = hub.source(source_name)
    stream = source.streams().get(stream_name)
    if stream is None or not stream.sweepable:
        raise ConfigError(f"{source_name}.{stream_name} cannot list its keys, so it cannot be swept")
    _insist_on_a_table_of_its_own(hub, subject)
    with hub.recorded(Unit(STEP, subject.unit.name)) as run:
        keys = [key for page in source.keys(stream_name) for key in page]
        with hub.transactions() as db:
            copy_keys(db, keys)
            present, gone = db.execute(text(_count(subject.table.fullname)), {"system": source_name, "run": run.run_id}).one()
            limit = subject.settings.max_deleted_share
            if gone > limit * present:
                raise DeletionFuseError(
                    f"{subject.unit.name}: {gone} of {present} records are missing at the source, more than {limit:.1%}"
                )
            db.execute(text(_bury(subject.table.fullname)), {"system": source_name, "run": run.run_id})
            run.count_tombstones(db, gone)
        run.note(keys=len(keys))
    return hub.report(run.run_id)


def _insist_on_a_table_of_its_own(hub: Hub, subject: Subject) -> None:
    """A row does not tell which stream it came by: of two that fill one table, each would bury the other's rows."""
    streams = [name for name in subject.source.streams if name != subject.stream_name]
    for other in (subject_of(hub, subject.source_name, name) for name in streams):
        if other.table is subject.table:
            raise ConfigError(
                f"{subject.unit.name} and {other.unit.name} fill the same table, so neither can be swept",
                remedy="Read them as two sources with the same connection.",
            )


_JUDGED = (
    "t.source_system = :system AND t.deleted_at IS NULL "
    "AND t.recorded_at < (SELECT started_at FROM ops.run WHERE run_id = :run)"
)
_MISSING = "NOT EXISTS (SELECT FROM pg_temp.sweep_key k WHERE k.source_id = t.source_id)"


def _count(table: str) -> str:
    return f"SELECT count(*), count(*) FILTER (WHERE {_MISSING}) FROM {table} t WHERE {_JUDGED}"


def _bury(table: str) -> str:
    return f"UPDATE {table} t SET deleted_at = now(), changed_tx = {THIS_TRANSACTION} WHERE {_JUDGED} AND {_MISSING}"
