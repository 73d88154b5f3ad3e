"""Defects onto elements and places, project by project: new and touched tickets only."""

from airflow.sdk import dag

from dags.wiring import DEFECTS, MODELS, SHARED, TICKETS, mapped, units_of, woken_by


@dag(dag_id="locate_defects", schedule=woken_by(TICKETS, MODELS, or_at="5 * * * *"), doc_md=__doc__, **SHARED)
def locate_defects() -> None:
    """The projects come from the warehouse, one task each."""
    mapped("locate", "locate_project", units_of("locate"), DEFECTS)


locate_defects()
