"""The server of the tests lies in memory where there is room, and leaves nothing there."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from warranty_hub.testing import postgres
from warranty_hub.testing.postgres import quick_folder

OWNER = """
import os, pathlib, sys
from warranty_hub.warehouse.embedded import EmbeddedPostgres
folder = pathlib.Path(sys.argv[1]) / f"warranty-hub-{os.getpid()}-1"
folder.mkdir(mode=0o711)
server = EmbeddedPostgres(folder, throw_away=True)
server.start()
print((folder / "server/data/postmaster.pid").read_text().split()[0], flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands for the machine's memory: a folder that every account may enter."""
    with tempfile.TemporaryDirectory(prefix="hub-test-") as name:
        made = Path(name)
        made.chmod(0o755)
        monkeypatch.setattr(postgres, "MEMORY", made)
        monkeypatch.setattr(postgres, "ROOM", 0)
        yield made


def test_what_a_killed_run_left_in_memory_stays_there(memory: Path, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", OWNER, memory], stdout=subprocess.PIPE, text=True, check=False)
    left_behind = int(killed.stdout)
    assert psutil.pid_exists(left_behind)
    with quick_folder(tmp_path) as folder:
        assert [*memory.iterdir()] == [folder]
        assert not psutil.pid_exists(left_behind)
    assert [*memory.iterdir()] == []


def test_a_machine_without_room_in_memory_fills_it(memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ROOM", 1 << 60)
    with quick_folder(tmp_path) as folder:
        assert folder == tmp_path
    assert [*memory.iterdir()] == []
