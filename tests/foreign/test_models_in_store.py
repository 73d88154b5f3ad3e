"""Models in an object store: indexed where they lie, and the copy that knows their defects is written there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import ifcopenshell
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from tests.foreign.counterparts import free_port, listening, program
from tests.pipelines.test_models import FIRST, house, located, report
from warranty_hub.errors import ConfigError, LoginError, SystemUnreachableError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.index import index_model
from warranty_hub.pipelines.write_back import write_copy
from warranty_hub.settings import Connection, Settings

pytestmark = pytest.mark.foreign

COUNTERPARTS = ("S3 (moto)",)
MODEL = "drop/5-ARC"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where the object store listens."""
    port = free_port()
    command = [program("moto", "moto_server"), "-H", "127.0.0.1", "-p", port]
    with listening(command, port, tmp_path_factory.mktemp("moto") / "log"):
        yield {"endpoint_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
def hub(endpoint: dict[str, str], warehouse: Engine, tmp_path: Path) -> Hub:
    """A hub whose model lies in a bucket, with a defect on its wall."""
    store = fsspec.filesystem("s3", key="KEY", secret="SECRET", **endpoint)
    for bucket in ("models", "handover"):
        store.makedirs(bucket, exist_ok=True)
    store.put_file(str(house(FIRST).write(tmp_path / "model.ifc")), "models/current/5-ARC.ifc")

    def connection(name: str) -> Connection:
        known: dict[str, Any] = {
            "s3": ("KEY", endpoint),
            "nobody": ("", endpoint),
            "down": ("KEY", {"endpoint_url": f"http://127.0.0.1:{free_port()}"}),
        }
        login, storage = known[name]
        return Connection(name, "fs", login=login, password=SecretStr("SECRET" if login else ""), extra={"storage": storage})

    drop = {"project": "P03", "connection": "s3", "file": "s3://models/current/{building}-{discipline}.ifc"}
    settings = {"database": "postgresql+psycopg:///unused", "artefacts": "memory://artefacts", "models": {"drop": drop}}
    hub = Hub(Settings.model_validate(settings), warehouse, connections=connection, clock=lambda: datetime.now(UTC))
    index_model(hub, MODEL)
    report(hub, "WX1", f"墙面开裂 {FIRST}", building_code="5")
    assert located(hub)["WX1"]["guid"] == FIRST
    return hub


def test_the_copy_of_a_model_in_a_store_does_not_know_its_defects(hub: Hub, endpoint: dict[str, str], tmp_path: Path) -> None:
    for target, connection in (("s3://handover/2025/5-ARC.ifc", None), ("s3://models/handover/5.ifc", "s3")):
        assert write_copy(hub, MODEL, target, connection) == 1
    assert write_copy(hub, MODEL, str(tmp_path / "new" / "copy.ifc")) == 1
    store = fsspec.filesystem("s3", key="KEY", secret="SECRET", skip_instance_cache=True, **endpoint)
    assert store.find("handover") == ["handover/2025/5-ARC.ifc"]
    store.get_file("handover/2025/5-ARC.ifc", str(tmp_path / "5-ARC.ifc"))
    assert (tmp_path / "5-ARC.ifc").read_bytes() == (tmp_path / "new" / "copy.ifc").read_bytes()
    copy = ifcopenshell.open(str(tmp_path / "5-ARC.ifc"))
    names = {link.RelatingPropertyDefinition.Name for link in copy.by_guid(FIRST).IsDefinedBy}
    assert "WarrantyHub_Defects" in names


def test_a_copy_that_cannot_be_written_does_not_say_why(hub: Hub) -> None:
    for target, connection, error, words in (
        ("s3://models/current/5-ARC.ifc", None, ConfigError, "is a model itself"),
        ("s3://nowhere/copy.ifc", None, ConfigError, "s3://nowhere does not exist"),
        ("s3://handover/copy.ifc", "nobody", LoginError, "may not be used"),
        ("s3://handover/copy.ifc", "down", SystemUnreachableError, "cannot be"),
    ):
        with pytest.raises(error, match=words):
            write_copy(hub, MODEL, target, connection)
