"""A mistake in hub.yaml or in a connection is told so that a person finds the line and knows what to write."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from warranty_hub.errors import ConfigError
from warranty_hub.settings import Settings, connection_from_environment, connection_from_text, load_settings

ROOT = Path(__file__).parents[1]
GOOD = """\
database: postgresql+psycopg://hub@db.example/hub
organisation:
  name: 华筑集团
  currency: CNY
sources:
  wms:
    system: sql_tickets
    connection: wms
    zone: Asia/Shanghai
    streams:
      tickets: {map: wms_tickets, job: tickets}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "hub.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(folder, text))
    return caught.value


def test_a_good_file_loads_and_its_paths_are_its_folder_s(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD))
    assert settings.zone == ZoneInfo("Asia/Shanghai")
    assert settings.sources["wms"].streams["tickets"].max_silence == timedelta(hours=26)
    assert settings.path("models/3.ifc") == (tmp_path / "models/3.ifc").resolve()


def test_the_example_that_people_copy_loads() -> None:
    assert set(load_settings(ROOT / "hub.example.yaml").sources) == {"wms", "sap", "oa"}


def test_the_example_shows_every_section() -> None:
    text = (ROOT / "hub.example.yaml").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"{name}:" not in text and name not in ("folder", "mode")]
    assert missing == []


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("    connection: wms", "    conection: wms", ":8 sources.wms.conection: this setting does not exist"),
        ("    connection: wms\n", "", ":6 sources.wms.connection: Field required"),
        ("organisation:", "folder: elsewhere\norganisation:", ":2 folder: this setting does not exist"),
        ("organisation:", "organization:", ":2 organization: this setting does not exist"),
        (
            "Asia/Shanghai",
            "Asia/Beijing",
            ":9 sources.wms.zone: 'Asia/Beijing' is not a time zone; write it like Asia/Shanghai",
        ),
        ("currency: CNY", "currency: 人民币", ":4 organisation.currency: String should match"),
        ("job: tickets", "job: ticket", ":11 sources.wms.streams.tickets.job: Input should be 'masters', 'tickets'"),
        ("job: tickets", "job: tickets, lookback: soon", ":11 sources.wms.streams.tickets.lookback: "),
        ("job: tickets", "job: tickets, max_rejected_share: 5", ":11 sources.wms.streams.tickets.max_rejected_share: "),
        ("job: tickets", "job: tickets, map: other", ":11 sources.wms.streams.tickets.map: stands here a second time"),
        ("organisation:", "sources: {}\norganisation:", ":6 sources: stands here a second time"),
        ("organisation:", "1: one\norganisation:", ":2 1: Keys should be strings"),
        ("  name: 华筑集团", "  name: [华筑集团", ":4 is not valid YAML"),
        ("  name: 华筑集团", "\tname: 华筑集团", ":3 is not valid YAML"),
        ("  name: 华筑集团", "  name: {华筑集团}", ":3 organisation.name: "),
    ],
)
def test_a_mistake_is_told_with_file_line_field_and_reason(tmp_path: Path, good: str, bad: str, told: str) -> None:
    assert good in GOOD
    error = refusal(tmp_path, GOOD.replace(good, bad, 1))
    assert f"{tmp_path / 'hub.yaml'}{told}" in error.message
    assert error.remedy


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD.replace("Asia/Shanghai", "Shanghai").replace("CNY", "yuan"))
    assert [line.split(" ")[1] for line in error.message.splitlines()] == ["organisation.currency:", "sources.wms.zone:"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a list\n", "just words"])
def test_a_file_without_settings_points_to_the_example(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert "holds no settings" in error.message
    assert "hub.example.yaml" in error.remedy


def test_a_file_that_is_not_there_points_to_the_example_and_the_option(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file") as caught:
        load_settings(tmp_path / "hub.yaml")
    assert "hub.example.yaml" in caught.value.remedy
    assert "--config" in caught.value.remedy


def test_a_file_saved_in_a_chinese_legacy_encoding_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_settings(path)


def test_a_password_in_the_file_is_not_repeated_by_a_mistake_beside_it(tmp_path: Path) -> None:
    text = GOOD.replace("hub@db", "hub:canary@db").replace("connection: wms", "connection: {password: canary}")
    assert "canary" not in str(refusal(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        '{"conn_type": "mysql", "host": "db", "port": 3306, "schema": "wms", "login": "hub", "password": "p/w",'
        ' "extra": {"charset": "utf8"}}',
        '{"conn_type": "mysql", "host": "db", "port": "3306", "schema": "wms", "login": "hub", "password": "p/w",'
        ' "extra": "{\\"charset\\": \\"utf8\\"}"}',
        "mysql://hub:p%2Fw@db:3306/wms?charset=utf8",
        "mysql://hub:p%2Fw@db:3306/wms?__extra__=%7B%22charset%22%3A%20%22utf8%22%7D",
    ],
)
def test_every_form_in_which_airflow_writes_a_connection_is_read_whole(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WMS", text)
    found = connection_from_environment("wms")
    assert (found.conn_type, found.host, found.port, found.schema, found.login) == ("mysql", "db", 3306, "wms", "hub")
    assert found.password.get_secret_value() == "p/w"
    assert found.extra == {"charset": "utf8"}


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "canary", "port": "canary"}',
        '{"password": "canary"',
        '{"password": "canary", "extra": "canary"}',
        "db.example canary",
        "mysql://hub:canary/x@db/wms",
        "mysql://hub:canary#x@db/wms",
        "mysql://hub:pw@db:canary/wms",
        "mysql://[canary",
    ],
)
def test_a_connection_that_cannot_be_read_keeps_its_secret_to_itself(text: str) -> None:
    with pytest.raises(ConfigError, match="Connection 'wms' is") as caught:
        connection_from_text("wms", text)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_connection_shown_in_a_log_hides_its_secrets() -> None:
    shown = repr(connection_from_text("wms", '{"login": "hub", "password": "canary", "extra": {"token": "canary"}}'))
    assert "canary" not in shown


def test_an_unknown_connection_says_where_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_WMS", raising=False)
    with pytest.raises(ConfigError, match="'wms' is not known") as caught:
        connection_from_environment("wms")
    assert "AIRFLOW_CONN_WMS" in caught.value.remedy
