"""The artefact store: complete or absent, for the hub's own eyes, and never what was not asked for."""

import hashlib
import io
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from warranty_hub.artefacts import ArtefactStore
from warranty_hub.errors import ConfigError, StopError, SystemUnreachableError
from warranty_hub.settings import Settings

ABSENT = f"ab/ab{'0' * 62}.ifc"


@pytest.fixture(params=["folder", "file://", "memory://"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtefactStore:
    """A folder by path, by URL, and an object store's stand-in."""
    return ArtefactStore(
        {"folder": str(tmp_path / "库"), "file://": f"file://{tmp_path}/a", "memory://": f"memory://{tmp_path}"}[request.param]
    )


def test_content_is_found_by_its_hash_and_can_be_taken_out(store: ArtefactStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"model").hexdigest()
    file = tmp_path / "model.ifc"
    file.write_bytes(b"model")
    address = store.put(b"model", ".ifc")
    assert address == f"{digest[:2]}/{digest}.ifc"
    assert store.put(file, ".ifc") == address
    assert store.get(address) == b"model"
    with store.open(address) as content:
        assert content.read(3) == b"mod"
    store.delete(address)
    store.delete(address)
    assert not store.exists(address)


def test_what_is_absent_is_told_with_its_address(store: ArtefactStore) -> None:
    with pytest.raises(StopError, match="is not in the store"):
        store.get(ABSENT)


@pytest.mark.parametrize("address", ["../../etc/passwd", "ab/../../x", "", f"/{ABSENT}", ABSENT + "\n", "ab/" + "A" * 64])
def test_no_address_leads_out_of_the_store(store: ArtefactStore, address: str) -> None:
    for attempt in (store.get, store.open, store.exists, store.delete):
        with pytest.raises(ValueError, match="not an address"):
            attempt(address)
    with pytest.raises(ValueError, match="not a suffix"):
        store.put(b"", address or "/")


def test_an_interrupted_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(source: io.BytesIO, target: Any, size: int) -> None:
        target.write(source.read(2))
        raise KeyboardInterrupt

    store = ArtefactStore(str(tmp_path))
    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(KeyboardInterrupt):
        store.put(b"model")
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert store.get(store.put(b"model")) == b"model"


def test_two_writers_of_the_same_content_do_not_disturb_each_other(tmp_path: Path) -> None:
    content, addresses = b"x" * 3_000_000, set()
    threads = [threading.Thread(target=lambda: addresses.add(ArtefactStore(str(tmp_path)).put(content))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(addresses) == 1
    assert ArtefactStore(str(tmp_path)).get(addresses.pop()) == content
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_nobody_else_on_the_machine_can_read_it_although_the_folder_was_there_before(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    address = ArtefactStore(str(tmp_path)).put(b"a phone number")
    assert (tmp_path / address).parent.stat().st_mode & 0o077 == 0
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_damaged_content_never_passes_for_good(tmp_path: Path) -> None:
    store = ArtefactStore(str(tmp_path))
    address = store.put(b"model")
    (tmp_path / address).write_bytes(b"modem")
    with pytest.raises(StopError, match="damaged"):
        store.get(address)


@pytest.mark.parametrize("url", ["gs://user:canary@bucket/x", "nosuch://canary"])
def test_a_store_without_its_driver_says_what_to_install_and_no_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        ArtefactStore(url)
    assert "canary" not in str(caught.value)
    assert "driver" in str(caught.value)


def test_a_store_that_cannot_be_written_is_told_and_not_thrown_as_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SystemUnreachableError, match="File exists"):
        ArtefactStore(str(tmp_path / "file" / "artefacts")).check()


def test_the_store_lies_beside_hub_yaml_unless_it_is_an_address(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database": "unused", "folder": tmp_path})
    assert settings.artefacts_url == str(tmp_path / "artefacts")
    assert settings.model_copy(update={"artefacts": "s3://bucket/hub"}).artefacts_url == "s3://bucket/hub"
