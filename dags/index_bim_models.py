"""BIM models: each new file is indexed once; one that cannot be used is listed as refused."""

from airflow.sdk import dag

from dags.wiring import MASTERS, MODELS, SHARED, mapped, units_of, woken_by


@dag(dag_id="index_bim_models", schedule=woken_by(MASTERS, or_at="30 2 * * *"), doc_md=__doc__, **SHARED)
def index_bim_models() -> None:
    """One task for each model whose file is new; the folders are looked at when the DAG runs."""
    mapped("index", "index_model", units_of.override(task_id="new_revisions")("index"), MODELS)


index_bim_models()
