"""Tell someone once when a stream is late, and once when it is back; a DAG of its own, so that a paused sync is noticed too."""

from airflow.sdk import dag, task

from dags.wiring import CONFIG, SHARED, at


@dag(dag_id="watch_freshness", schedule=at("*/10 * * * *"), doc_md=__doc__, **SHARED)
def watch_freshness() -> None:
    """One task: it reads the warehouse only."""

    @task
    def watch() -> list[str]:
        from warranty_hub.pipelines.hub import open_hub
        from warranty_hub.pipelines.watch import watch_freshness as look
        from warranty_hub.provider import connection_from_airflow

        return look(open_hub(CONFIG, connection_from_airflow))

    watch()


watch_freshness()
