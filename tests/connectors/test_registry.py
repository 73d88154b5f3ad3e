"""The registry: options are checked before anything is called, and nothing heavy is imported for nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, SecretStr

from connectors.contract import Sink, Source
from connectors.erp.kingdee.balances import Balances
from connectors.erp.kingdee.bills import Bills
from connectors.erp.kingdee.journal import KingdeeSinkOptions
from connectors.erp.kingdee.source import KingdeeSourceOptions
from connectors.erp.sap.journal import SapSinkOptions
from connectors.erp.sap.source import SapOptions
from connectors.erp.sap.streams import STREAMS
from connectors.erp.tryton.sink import TrytonSinkOptions
from connectors.erp.tryton.source import TrytonSourceOptions
from connectors.files.ledger.options import LedgerColumn, LedgerOptions, LedgerStream
from connectors.files.masters import MastersOptions
from connectors.http import HttpOptions
from connectors.oa.weaver import WeaverSinkOptions, WeaverSourceOptions
from connectors.registry import SINKS, SOURCES, build_sink, build_source
from connectors.tickets.rest.options import (
    ChangeTimes,
    ErrorRule,
    LinkedPages,
    LoginOptions,
    NumberedPages,
    OffsetPages,
    RestOptions,
    RestStream,
    TokenPages,
)
from connectors.tickets.sql import SqlOptions, SqlStream
from warranty_hub.errors import ConfigError
from warranty_hub.settings import Connection, Settings

CONNECTION = Connection("other", "http", "127.0.0.1", 9, "http", "u", SecretStr("canary"))
ZONE = {"zone": "Asia/Shanghai"}
GOOD: dict[str, dict[str, Any]] = {
    "sql_tickets": {**ZONE, "streams": {"tickets": {"table": "t", "key": ["id"], "cursor": "c"}}},
    "sap_s4": {**ZONE, "reads": list(STREAMS), "company_codes": ["1000"], "accounts": ["6601000000-6601999999"]},
    "kingdee": {
        **ZONE,
        "data_centre": "63f5a1c2d3e4b5",
        "app_id": "100_x",
        "balances": {"account_books": ["101"], "since": "2025-01"},
    },
    "tryton": {**ZONE, "database": "hub", "accounts": ["6601*"]},
    "weaver": {**ZONE, "user_id": 7},
    "masters_xlsx": {**ZONE, "file": "masters.xlsx"},
    "rest_tickets": {**ZONE, "streams": {"tickets": {"path": "/tickets", "key": ["id"]}}},
    "ledger": {**ZONE, "streams": {"tickets": {"columns": {"no": ["单号"]}, "key": ["no"]}}},
}
CONNECTIONS = {
    "sql_tickets": Connection("db", "postgres", "127.0.0.1"),
    "masters_xlsx": Connection("masters", "fs", extra={"path": "/srv/warranty"}),
    "ledger": Connection("ledgers", "fs", extra={"path": "/srv/ledgers"}),
}
SINK_OPTIONS: dict[str, dict[str, Any]] = {
    "tryton": {"database": "hub", "journal": "MISC"},
    "sap_s4": {},
    "weaver": {"user_id": 7, "workflow_id": 12},
    "kingdee": {"data_centre": "6", "app_id": "100_x", "key_field": "F_HUB_Key"},
}


def connection_for(system: str) -> Connection:
    return CONNECTIONS.get(system, CONNECTION)


@pytest.mark.parametrize("system", SOURCES)
def test_a_source_breaks_the_contract(system: str) -> None:
    source: Source = build_source(system, connection_for(system), GOOD[system])
    streams = source.streams()
    assert streams
    assert all(stream.name == name and stream.key for name, stream in streams.items())
    assert not any(stream.ordered and stream.cursor is None for stream in streams.values())
    for name, stream in streams.items():
        if not stream.sweepable:
            with pytest.raises(ConfigError, match="cannot be swept"):
                source.keys(name)


@pytest.mark.parametrize("system", SINKS)
def test_a_sink_cannot_be_built(system: str) -> None:
    sink: Sink = build_sink(system, CONNECTION, SINK_OPTIONS[system])
    assert sink


@pytest.mark.parametrize(
    ("system", "change", "problem"),
    [
        ("sql_tickets", {"streams": {"tickets": {"table": "t"}}}, "options.streams.tickets.key: Field required"),
        (
            "sql_tickets",
            {"streams": {"tickets": {"table": "t", "key": [], "tabel": 1}}},
            "streams.tickets.tabel: this option does not",
        ),
        ("sql_tickets", {"zone": "Shanghai"}, "options.zone: .* is not a time zone"),
        ("sql_tickets", {"page_size": 0}, "options.page_size"),
        ("sap_s4", {"company_codes": ["1000' or '1' eq '1"]}, "options.company_codes.0"),
        ("sap_s4", {"accounts": ["66*"]}, "options.accounts.0"),
        ("sap_s4", {"accounts": []}, "options.accounts"),
        ("sap_s4", {"http": {"attemps": 3}}, "options.http.attemps: this option does not exist"),
        ("sap_s4", {"client": "1"}, "options.client"),
        ("kingdee", {"app_id": None}, "needs an app_id"),
        ("kingdee", {"page_size": 20_000}, "options.page_size"),
        ("kingdee", {"streams": {"vouchers": {"felds": ["FBillNo"]}}}, "options.streams.vouchers.felds: this option does not"),
        ("weaver", {"user_id": "me"}, "options.user_id"),
        ("weaver", {"listing": "Handled"}, "options.listing"),
    ],
)
def test_a_wrong_option_has_no_clear_error(system: str, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        build_source(system, connection_for(system), {**GOOD[system], **change})
    assert f"docs/connectors/{system}.md" in caught.value.remedy


def test_an_unknown_system_has_no_clear_error() -> None:
    with pytest.raises(ConfigError, match="no source for system 'oracle'") as caught:
        build_source("oracle", CONNECTION, {})
    assert "sap_s4" in caught.value.remedy
    with pytest.raises(ConfigError, match="no sink for system 'sql_tickets'"):
        build_sink("sql_tickets", CONNECTION, {})


def test_a_dag_file_loads_what_only_one_connector_needs() -> None:
    heavy = ("zeep", "lxml", "pandas", "requests", "airflow")
    program = f"import sys, connectors.registry; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


PAGES = Path(__file__).parents[2] / "docs" / "connectors"
MODELS: dict[str, list[type[BaseModel]]] = {
    "sql_tickets": [SqlOptions, SqlStream],
    "sap_s4": [SapOptions, SapSinkOptions, HttpOptions],
    "kingdee": [KingdeeSourceOptions, KingdeeSinkOptions, Bills, Balances],
    "tryton": [TrytonSourceOptions, TrytonSinkOptions],
    "weaver": [WeaverSourceOptions, WeaverSinkOptions],
    "masters_xlsx": [MastersOptions],
    "ledger": [LedgerOptions, LedgerStream, LedgerColumn],
    "rest_tickets": [
        RestOptions,
        RestStream,
        NumberedPages,
        OffsetPages,
        TokenPages,
        LinkedPages,
        ChangeTimes,
        LoginOptions,
        ErrorRule,
        HttpOptions,
    ],
}


@pytest.mark.parametrize("system", MODELS)
def test_an_option_is_not_documented(system: str) -> None:
    page = (PAGES / f"{system}.md").read_text(encoding="utf-8")
    missing = [
        name
        for model in MODELS[system]
        for name, field in model.model_fields.items()
        if not field.exclude and f"`{name}`" not in page and f".{name}`" not in page
    ]
    assert set(missing) <= {"streams"}


def blocks() -> Iterator[tuple[str, dict[str, Any]]]:
    for system in MODELS:
        page = (PAGES / f"{system}.md").read_text(encoding="utf-8")
        yield system, yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])


@pytest.mark.parametrize(("system", "block"), list(blocks()))
def test_the_hub_yaml_of_a_page_does_not_work(system: str, block: dict[str, Any]) -> None:
    settings = Settings.model_validate({"database": "postgresql+psycopg:///hub", **block})
    for source in settings.sources.values():
        built = build_source(source.system, connection_for(system), {"zone": source.zone, **source.options})
        assert set(source.streams) == set(built.streams())
    for sink in settings.sinks.values():
        assert build_sink(sink.system, CONNECTION, sink.options)
