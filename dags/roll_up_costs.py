"""Costs linked to tickets, split over defects and parties, and summed by month."""

from airflow.sdk import dag

from dags.wiring import COST_LINES, COST_ROLLUP, COVERAGE, SHARED, TICKETS, run_step, woken_by


@dag(dag_id="roll_up_costs", schedule=woken_by(COST_LINES, COVERAGE, TICKETS, or_at="40 * * * *"), doc_md=__doc__, **SHARED)
def roll_up_costs() -> None:
    """One task: it writes all or nothing."""
    run_step.override(task_id="roll_up", outlets=[COST_ROLLUP])("rollup", "costs")


roll_up_costs()
