"""Ledgers on an SFTP server and in an object store: read as from a folder, each file once by its content."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from connectors.files.folder import Folder
from connectors.registry import build_source
from tests.conformance.test_ledger import FolderForTests
from tests.connectors.ledgers import HEADER, STREAM, row, workbook
from tests.foreign.counterparts import free_port, listening, program
from warranty_hub.errors import ConfigError, LoginError, SystemUnreachableError
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.sync import sync_stream
from warranty_hub.settings import Connection, Settings
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.trial import Example, System

pytestmark = pytest.mark.foreign

COUNTERPARTS = ("SFTP (asyncssh)", "S3 (moto)")
USER, PASSWORD = "hub", "canary-密码"
OPTIONS = {"zone": "Asia/Shanghai", "streams": {"repair_plans": STREAM}}


# ---------------------------------------------------------------------------------------------------- SFTP
@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Connection]]:
    """A folder, and how it is reached over SFTP."""
    folder, port = tmp_path_factory.mktemp("sftp"), free_port()
    ledgers = folder / "root" / "台账"
    ledgers.mkdir(parents=True)
    script, key = Path(__file__).with_name("sftp_server.py"), folder / "fingerprint"
    command = [program("asyncssh", "python"), script, folder / "root", port, USER, PASSWORD, key]
    with listening(command, port, folder / "log"):
        extra = {"path": f"sftp://127.0.0.1:{port}/台账", "host_key": key.read_text()}
        yield ledgers, Connection("ledgers", "fs", login=USER, password=SecretStr(PASSWORD), extra=extra)


class SftpFolder(FolderForTests):
    """Files have the times that a test wants, in whole seconds as SFTP tells them."""

    def __init__(self, ledgers: Path, connection: Connection) -> None:
        self._ledgers = ledgers
        self.connection = connection
        self.options = {"streams": {self.stream: {**STREAM, "sweepable": True}}}
        for left in ledgers.iterdir():
            left.unlink()

    def _save(self, example: Example, amount: str) -> None:
        path = self._ledgers / f"{example.number}.xlsx"
        path.write_bytes(self.ledger(example, amount))
        os.utime(path, (example.changed.timestamp(),) * 2)

    def remove(self, number: int) -> None:
        """Delete the workbook."""
        (self._ledgers / f"{number}.xlsx").unlink()


class TestSftp(SourceSuite):
    """Repair plans of ledgers on an SFTP server."""

    bypass: ClassVar = {
        "test_an_absent_system_is_worth_another_try": "the address stands in extra.path, which no check changes: see below"
    }

    @pytest.fixture
    def system(self, sftp: tuple[Path, Connection]) -> System:
        """An empty folder."""
        return SftpFolder(*sftp)


def test_an_sftp_server_that_is_down_is_a_call_to_a_person(sftp: tuple[Path, Connection]) -> None:
    _, known = sftp
    elsewhere = {**known.extra, "path": f"sftp://127.0.0.1:{free_port()}/台账"}
    with pytest.raises(SystemUnreachableError, match="cannot be read"):
        Folder(replace(known, extra=elsewhere)).files(["*"])


def test_an_sftp_server_that_nobody_vouched_for_gets_our_password(sftp: tuple[Path, Connection]) -> None:
    _, known = sftp
    for host_key in (None, "SHA256:" + "A" * 43):
        with pytest.raises(ConfigError, match=f"has the key {known.extra['host_key'].replace('+', '.')}"):
            Folder(replace(known, extra={**known.extra, "host_key": host_key})).files(["*"])


# ---------------------------------------------------------------------------------------------------- S3
class Bucket:
    """An object store with one bucket."""

    def __init__(self, endpoint: str) -> None:
        self._server = {"endpoint_url": endpoint}
        self._store = fsspec.filesystem("s3", key="KEY", secret="SECRET", **self._server)
        self._store.mkdir("ledgers")

    def put(self, name: str, number: int, amount: str = "0.35") -> None:
        """Save a workbook of one ticket."""
        self._store.pipe(f"ledgers/台账/{name}.xlsx", workbook({"1": [HEADER, row(number, amount=amount)]}))

    def copy(self, name: str, other: str) -> None:
        """Save the same workbook once more, to the byte."""
        self._store.copy(f"ledgers/台账/{name}.xlsx", f"ledgers/台账/{other}.xlsx")

    def connection(self, path: str = "ledgers/台账", login: str = "KEY", **storage: Any) -> Connection:
        """How hub.yaml's connection would name it."""
        extra = {"path": f"s3://{path}", "storage": {**self._server, **storage}}
        return Connection("ledgers", "fs", login=login, password=SecretStr("SECRET" if login else ""), extra=extra)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    """An empty one."""
    port = free_port()
    command = [program("moto", "moto_server"), "-H", "127.0.0.1", "-p", port]
    with listening(command, port, tmp_path / "log"):
        yield Bucket(f"http://127.0.0.1:{port}")


def test_a_ledger_in_an_object_store_is_read_twice_or_not_at_all(bucket: Bucket, warehouse: Engine) -> None:
    stream = {"map": "ledger_repair_plans", "job": "tickets"}
    source = {"system": "ledger", "connection": "s3", "options": OPTIONS, "safety": 0, "streams": {"repair_plans": stream}}
    settings = Settings.model_validate({"database": "postgresql+psycopg:///unused", "sources": {"ledger": source}})
    hub = Hub(settings, warehouse, connections=lambda _: bucket.connection(), clock=lambda: datetime.now(UTC))
    for number in (1, 2):
        bucket.put(f"{number}号", number)
    bucket.copy("1号", "1号 副本")
    report = sync_stream(hub, "ledger", "repair_plans")
    assert (report.read, report.outcomes["new"], report.outcomes["quarantined"]) == (2, 2, 0)
    bucket.put("2号", 2, amount="0.36")
    bucket.put("3号", 3)
    again = sync_stream(hub, "ledger", "repair_plans").outcomes
    assert (again["new"], again["changed"], again["unchanged"]) == (1, 1, 1)


def test_an_object_store_that_cannot_be_read_is_not_told_why(bucket: Bucket) -> None:
    def check(connection: Connection) -> str:
        return build_source("ledger", connection, OPTIONS).check()

    with pytest.raises(ConfigError, match=r"No file of folder .* matches|does not exist"):
        check(bucket.connection())
    bucket.put("1号", 1)
    assert check(bucket.connection()) == "repair_plans: 1 files, 1 rows in 1号.xlsx"
    with pytest.raises(ConfigError, match="s3://other/台账 does not exist"):
        check(bucket.connection("other/台账"))
    with pytest.raises(LoginError, match="may not be used"):
        check(bucket.connection(login=""))
    with pytest.raises(SystemUnreachableError, match="cannot be read"):
        check(bucket.connection(endpoint_url=f"http://127.0.0.1:{free_port()}"))
