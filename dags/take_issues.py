"""What was said about our issues in other BIM tools comes back, project by project, from the folder of BCF files."""

from airflow.sdk import dag

from dags.wiring import SHARED, at, mapped, units_of


@dag(dag_id="take_issues", schedule=at("*/30 * * * *"), doc_md=__doc__, **SHARED)
def take_issues() -> None:
    """The projects are those that have a folder there, one task each."""
    mapped("bcf", "take_issues_of_project", units_of("bcf"))


take_issues()
