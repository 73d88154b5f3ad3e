"""Records that their source no longer has get a tombstone, behind a fuse; every Saturday."""

from airflow.sdk import dag

from dags.wiring import SHARED, at, mapped, pool, settings, units_of


@dag(dag_id="sweep_deletions", schedule=at("0 3 * * 6"), doc_md=__doc__, **SHARED)
def sweep_deletions() -> None:
    """The streams that can list all their keys, one task each, in the pool of their source."""
    for source in settings().sources:
        streams = units_of.override(task_id=f"streams_of_{source}")("sweep", source)
        mapped("sweep", f"sweep_{source}", streams, pool_name=pool(source))


sweep_deletions()
