"""Native code may hang, crash or eat the memory: the hub lives on and says what happened."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from connectors.bim.worker import Limits, run_limited
from warranty_hub.errors import RefusedModelError

ROOMY = Limits(timeout_s=60, memory_mb=2048)


def finish(target: str, text: str) -> None:
    Path(target).write_text(text, encoding="utf-8")


def hang_after_writing(target: str) -> None:
    finish(target, "half")
    ctypes.CDLL(None).sleep(60)  # native code, which no Python signal handler interrupts


def eat_memory() -> None:
    bytearray(1 << 30)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise ValueError("第三层 ✗")


def refuse() -> None:
    os.write(sys.stderr.fileno(), b"native code chatters\n")
    raise RefusedModelError("模型.ifc: no", remedy="重新导出")


def tell_environment(target: str) -> None:
    finish(target, " ".join(os.environ))


def test_results_or_arguments_are_lost(tmp_path: Path) -> None:
    assert run_limited(finish, [str(tmp_path / "a"), "三层 'A'\n\\"], ROOMY) is None
    assert (tmp_path / "a").read_text("utf-8") == "三层 'A'\n\\"


def test_a_hanging_child_is_waited_for_and_takes_its_results_along(tmp_path: Path) -> None:
    begun = time.monotonic()
    ending = run_limited(hang_after_writing, [str(tmp_path / "a")], Limits(timeout_s=3, memory_mb=2048))
    assert ending == "the time limit of 3 s was reached"
    assert time.monotonic() - begun < 20
    assert (tmp_path / "a").read_text() == "half"


def test_time_that_is_already_up_means_no_limit() -> None:
    assert run_limited(eat_memory, [], Limits(timeout_s=-1, memory_mb=2048)) == "the time limit of -1 s was reached"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce the memory limit")
def test_a_child_takes_the_memory_of_the_whole_machine() -> None:
    assert run_limited(eat_memory, [], Limits(timeout_s=60, memory_mb=512)) == "it failed, with 512 MB allowed: MemoryError"


def test_a_crash_or_a_failure_is_not_explained() -> None:
    assert "crashed (SIGSEGV), or needed more than the limit of 2048 MB" in str(run_limited(crash, [], ROOMY))
    assert "want of memory" in str(run_limited(be_killed, [], ROOMY))
    assert run_limited(fail, [], ROOMY) == "it failed, with 2048 MB allowed: ValueError: 第三层 ✗"


def test_a_refusal_arrives_as_a_crash() -> None:
    with pytest.raises(RefusedModelError) as caught:
        run_limited(refuse, [], ROOMY)
    assert (caught.value.message, caught.value.remedy) == ("模型.ifc: no", "重新导出")


def test_a_child_that_parses_foreign_files_knows_our_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SAP", "http://user:canary@sap")
    assert run_limited(tell_environment, [str(tmp_path / "a")], ROOMY) is None
    told = (tmp_path / "a").read_text()
    assert "PATH" in told
    assert "AIRFLOW_CONN_SAP" not in told
