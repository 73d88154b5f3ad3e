"""Every night: raw pages older than their stream keeps them go (they hold personal data), and triangles of older revisions."""

from airflow.sdk import dag

from dags.wiring import SHARED, at, run_step


@dag(dag_id="expire_raw_pages", schedule=at("45 3 * * *"), doc_md=__doc__, **SHARED)
def expire_raw_pages() -> None:
    """A task each; they take out whole files."""
    run_step.override(task_id="expire")("expire", "raw_pages")
    run_step.override(task_id="expire_meshes")("expire", "meshes")


expire_raw_pages()
