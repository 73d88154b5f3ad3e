"""Records that their source no longer has get a tombstone, behind a fuse; every Saturday."""

from airflow.sdk import dag

from dags.wiring import SHARED, at, mapped, units_of


@dag(dag_id="sweep_deletions", schedule=at("0 3 * * 6"), doc_md=__doc__, **SHARED)
def sweep_deletions() -> None:
    """The streams whose sources can list all their keys, one task each."""
    mapped("sweep", "sweep_stream", units_of("sweep"))


sweep_deletions()
