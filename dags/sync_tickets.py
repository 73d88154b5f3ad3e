"""Tickets, their events, responsibilities and repair plans, every quarter of an hour."""

from airflow.sdk import dag

from dags.wiring import SHARED, TICKETS, at, sync_streams


@dag(dag_id="sync_tickets", schedule=at("*/15 * * * *"), doc_md=__doc__, **SHARED)
def sync_tickets() -> None:
    """One task for each stream."""
    sync_streams("tickets", TICKETS)


sync_tickets()
