"""Raw pages that are older than their stream keeps them are taken out, every night: they hold personal data."""

from airflow.sdk import dag

from dags.wiring import SHARED, at, run_step


@dag(dag_id="expire_raw_pages", schedule=at("45 3 * * *"), doc_md=__doc__, **SHARED)
def expire_raw_pages() -> None:
    """One task: it takes out whole files."""
    run_step.override(task_id="expire")("expire", "raw_pages")


expire_raw_pages()
