"""The warranty-cost feed of finance: a sealed batch for each entity and open period that has something new to say."""

from airflow.sdk import dag

from dags.wiring import COST_ROLLUP, SHARED, mapped, units_of, woken_by


@dag(dag_id="publish_feed", schedule=woken_by(COST_ROLLUP, or_at="30 6 * * *"), doc_md=__doc__, **SHARED)
def publish_feed() -> None:
    """One mapped task an entity; a batch is sealed whole or held with its reasons."""
    mapped("feed", "publish", units_of("feed"))


publish_feed()
