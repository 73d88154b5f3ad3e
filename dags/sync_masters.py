"""Organisation, projects, buildings, dwellings, parties, contracts and persons, every night."""

from airflow.sdk import dag

from dags.wiring import MASTERS, SHARED, at, sync_streams


@dag(dag_id="sync_masters", schedule=at("0 1 * * *"), doc_md=__doc__, **SHARED)
def sync_masters() -> None:
    """One task for each stream."""
    sync_streams("masters", MASTERS)


sync_masters()
