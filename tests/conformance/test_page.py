"""docs/connectors.md says what is so, and what it tells authors to write works."""

from pathlib import Path

import yaml
from sqlalchemy import Engine

from tests.conformance.example.test_gongdan import GongdanServer
from tests.conformance.page import PAGE, written_anew
from tests.sandbox.systems import http_connection
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Settings

EXAMPLE = Path(__file__).parent / "example"


def test_the_page_of_connectors_is_out_of_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_anew(page), "write it anew: python -m tests.conformance.page"


def test_the_hub_yaml_of_the_example_does_not_work(warehouse: Engine) -> None:
    block = PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    settings = Settings.model_validate({"database": "postgresql+psycopg:///hub", "folder": EXAMPLE, **yaml.safe_load(block)})
    with GongdanServer() as server:
        hub = Hub(settings, warehouse, connections=lambda _: http_connection("gongdan", server, "hub", "canary-密码"))
        assert sync_stream(hub, "contractor", "plans").read == 0
