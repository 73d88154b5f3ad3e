"""Published files: cost rollup, defect table, BCF and the report, each with its manifest."""

from airflow.sdk import dag

from dags.wiring import APPROVALS, COST_ROLLUP, SHARED, run_step, woken_by


@dag(dag_id="publish_reports", schedule=woken_by(COST_ROLLUP, APPROVALS, or_at="0 6 * * *"), doc_md=__doc__, **SHARED)
def publish_reports() -> None:
    """One task: a publication is complete or absent."""
    run_step.override(task_id="publish")("publish", "reports")


publish_reports()
