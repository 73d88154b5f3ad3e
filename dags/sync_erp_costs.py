"""Cost lines from the ERP, every hour."""

from airflow.sdk import dag

from dags.wiring import COST_LINES, SHARED, at, sync_streams


@dag(dag_id="sync_erp_costs", schedule=at("20 * * * *"), doc_md=__doc__, **SHARED)
def sync_erp_costs() -> None:
    """One task for each stream."""
    sync_streams("costs", COST_LINES)


sync_erp_costs()
