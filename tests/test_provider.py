"""Airflow shows our connection types with the right fields, and its Test button tells the truth."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from connectors.registry import SOURCES
from connectors.webhook import BODIES
from tests.connectors.misbehaving import misbehaving_server, reply
from warranty_hub.provider import FIELDS, FORMS, ROBOTS, get_provider_info

TYPES: dict[str, dict[str, Any]] = {item["connection-type"]: item for item in get_provider_info()["connection-types"]}


def test_airflow_takes_our_description_of_the_forms() -> None:
    import airflow

    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(get_provider_info(), schema)
    full = json.loads((Path(airflow.__file__).parent / "provider.yaml.schema.json").read_text(encoding="utf-8"))
    form = full["properties"]["connection-types"]["items"]["properties"]
    for kind in TYPES.values():
        jsonschema.validate(kind["ui-field-behaviour"], form["ui-field-behaviour"])
        jsonschema.validate(kind["conn-fields"], form["conn-fields"])


def test_every_web_system_has_a_form_and_every_robot_a_body() -> None:
    assert set(SOURCES) - set(FORMS) == {"sql_tickets", "masters_xlsx", "ledger"}, "these have Airflow's own types"
    assert set(ROBOTS) == set(BODIES)


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
def test_a_form_shows_what_it_labels_and_hides_the_rest(kind: dict[str, Any]) -> None:
    behaviour = kind["ui-field-behaviour"]
    assert {*behaviour["hidden-fields"], *behaviour["relabeling"]} == {*FIELDS, "extra"}
    assert not set(behaviour["hidden-fields"]) & set(behaviour["relabeling"])


def test_the_test_button_says_whether_the_system_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from warranty_hub.hook import ConnectionHook

    with misbehaving_server() as script:
        script.then(reply(401))
        monkeypatch.setenv("AIRFLOW_CONN_ERP", json.dumps({"conn_type": "warranty_hub_sap_s4", "host": script.url}))
        good, told = ConnectionHook("erp").test_connection()
        assert good
        assert "answers (401)" in told
    bad, told = ConnectionHook("erp").test_connection()
    assert not bad
    assert "cannot be reached" in told
