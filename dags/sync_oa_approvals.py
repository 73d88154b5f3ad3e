"""Approvals from the OA, every ten minutes: its listing has no change time, so all of it is read."""

from airflow.sdk import dag

from dags.wiring import APPROVALS, SHARED, at, sync_streams


@dag(dag_id="sync_oa_approvals", schedule=at("*/10 * * * *"), doc_md=__doc__, **SHARED)
def sync_oa_approvals() -> None:
    """One task for each stream."""
    sync_streams("approvals", APPROVALS)


sync_oa_approvals()
