"""Side effects in other systems, each performed once: repair plans go to the OA for approval."""

from airflow.sdk import dag

from dags.wiring import SHARED, TICKETS, mapped, pool, settings, woken_by


@dag(dag_id="deliver_outbox", schedule=woken_by(TICKETS, or_at="*/10 * * * *"), doc_md=__doc__, **SHARED)
def deliver_outbox() -> None:
    """One task for each sink, in the pool of its system."""
    for sink in settings().sinks:
        mapped("deliver", f"deliver_{sink}", [sink], pool_name=pool(sink))


deliver_outbox()
