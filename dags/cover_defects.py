"""Until when each defect is covered, and whether it was when it was reported."""

from airflow.sdk import dag

from dags.wiring import COVERAGE, DEFECTS, MASTERS, SHARED, mapped, units_of, woken_by


@dag(dag_id="cover_defects", schedule=woken_by(DEFECTS, MASTERS, or_at="20 * * * *"), doc_md=__doc__, **SHARED)
def cover_defects() -> None:
    """The projects come from the warehouse, one task each."""
    mapped("cover", "cover_project", units_of("cover"), COVERAGE)


cover_defects()
