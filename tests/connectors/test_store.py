"""The artefact store: complete or absent, and never what was not asked for."""

import hashlib
import threading
from pathlib import Path

import pytest

from connectors.files.store import ArtefactStore
from warranty_hub.errors import ConfigError, StopError

ABSENT = f"ab/ab{'0' * 62}.ifc"


@pytest.fixture(params=["folder", "file://", "memory://"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtefactStore:
    """A folder by path, by URL, and an object store's stand-in."""
    return ArtefactStore(
        {"folder": str(tmp_path / "库"), "file://": f"file://{tmp_path}/a", "memory://": f"memory://{tmp_path}"}[request.param]
    )


def test_content_is_lost_or_named_otherwise(store: ArtefactStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"model").hexdigest()
    file = tmp_path / "model.ifc"
    file.write_bytes(b"model")
    assert store.put(b"model", ".ifc") == f"{digest[:2]}/{digest}.ifc"
    assert store.put(file, ".ifc") == store.put(b"model", ".ifc")
    assert store.put(b"model") == f"{digest[:2]}/{digest}"
    assert store.get(f"{digest[:2]}/{digest}.ifc") == b"model"
    with store.open(f"{digest[:2]}/{digest}.ifc") as content:
        assert content.read(3) == b"mod"
    assert store.exists(f"{digest[:2]}/{digest}")
    assert not store.exists(ABSENT)


def test_what_is_absent_has_no_clear_error(store: ArtefactStore) -> None:
    with pytest.raises(StopError, match="is not in the store"):
        store.get(ABSENT)


@pytest.mark.parametrize("address", ["../../etc/passwd", "ab/../../x", "", f"/{ABSENT}", ABSENT + "\n", "ab/" + "A" * 64])
def test_an_address_leads_out_of_the_store(store: ArtefactStore, address: str) -> None:
    for attempt in (store.get, store.open, store.exists):
        with pytest.raises(ValueError, match="not an address"):
            attempt(address)
    with pytest.raises(ValueError, match="not a suffix"):
        store.put(b"", address or "/")


def test_an_interrupted_write_leaves_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ArtefactStore(str(tmp_path))
    real = store._fs.pipe_file

    def half(path: str, content: bytes) -> None:
        real(path, content[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr(store._fs, "pipe_file", half)
    with pytest.raises(KeyboardInterrupt):
        store.put(b"model")
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert store.get(store.put(b"model")) == b"model"


def test_two_writers_of_the_same_content_disturb_each_other(tmp_path: Path) -> None:
    content, addresses = b"x" * 3_000_000, set()
    threads = [threading.Thread(target=lambda: addresses.add(ArtefactStore(str(tmp_path)).put(content))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(addresses) == 1
    assert ArtefactStore(str(tmp_path)).get(addresses.pop()) == content
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_damaged_content_passes_for_good(tmp_path: Path) -> None:
    store = ArtefactStore(str(tmp_path))
    address = store.put(b"model")
    (tmp_path / address).write_bytes(b"modem")
    with pytest.raises(StopError, match="damaged"):
        store.get(address)


@pytest.mark.parametrize("url", ["s3://user:canary@bucket/x", "nosuch://canary"])
def test_a_store_without_its_driver_has_no_clear_error(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        ArtefactStore(url)
    assert "canary" not in str(caught.value)
