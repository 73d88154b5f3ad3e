"""The programs of a local Airflow off one Python: what all of them import is imported once, and not by each for 5 s of CPU.

    python -m sandbox.airflow_nest '{"logs": "…", "preload": ["…"], "first": {"migrate": ["db", "migrate"]},
                                     "together": {"scheduler": ["scheduler", "--skip-serve-logs"]}}'

``first`` is run to its end, then ``together`` until one of them ends or SIGTERM comes; then all are ended. Each has a log of
its name. Of one that failed the end of its log is printed. On macOS, where forking is not safe, each imports for itself.
"""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sqlalchemy.orm import configure_mappers

CAN_FORK = sys.platform == "linux"
SHARED = (
    "airflow.settings",
    "airflow.__main__",
    "airflow.api_fastapi.execution_api.app",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "airflow.cli.commands.api_server_command",
    "airflow.cli.commands.dag_processor_command",
    "airflow.cli.commands.db_command",
    "airflow.cli.commands.scheduler_command",
    "airflow.cli.commands.triggerer_command",
    "airflow.dag_processing.manager",
    "airflow.executors.local_executor",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.models",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
)
OWN = {"api-server": ("airflow.api_fastapi.core_api.routes.public", "airflow.api_fastapi.core_api.routes.ui")}
"""What one of them imports beside, for which garbage is not looked for either: of all that there is none."""
GARBAGE = (20_000, 20, 20)  # what is looked through over and over is mostly what a program made at its start, and keeps
LINES = 30


Programs = Mapping[str, Sequence[str]]
"""What comes after ``airflow`` on the command line, by the name of the program."""


def main(logs: str, preload: Sequence[str], first: Programs, together: Programs) -> int:
    """Run the programs; returns 1 when one of them ended by itself."""
    nest = _Nest(Path(logs), preload)
    signal.signal(signal.SIGTERM, _leave)
    try:
        return nest.run(first, together)
    finally:
        nest.end()


class _Nest:
    def __init__(self, logs: Path, preload: Sequence[str]) -> None:
        self._logs = logs
        self._preload = preload
        self._names: dict[int, str] = {}

    def run(self, first: Programs, together: Programs) -> int:
        if CAN_FORK:
            _import([*SHARED, *self._preload])
            import_module("airflow.models").import_all_models()
            configure_mappers()
        for name, arguments in first.items():
            self._start(name, arguments)
            if self._wait()[1] != 0:
                return self._told(name)
        for name, arguments in together.items():
            self._start(name, arguments)
        return self._told(self._wait()[0])

    def end(self) -> None:
        """End those that run, and wait for them."""
        for pid in self._names:
            os.kill(pid, signal.SIGTERM)
        while self._names:
            self._wait()

    def _wait(self) -> tuple[str, int]:
        """The name of the next one that ends, and its exit code."""
        pid, status = os.wait()
        return self._names.pop(pid), os.waitstatus_to_exitcode(status)

    def _told(self, name: str) -> int:
        lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
        print(f"{name} ended by itself:", *lines[-LINES:], sep="\n", flush=True)
        return 1

    def _start(self, name: str, arguments: Sequence[str]) -> None:
        with (self._logs / f"{name}.log").open("wb") as log:
            if not CAN_FORK:
                program = f"import {', '.join(['sys', *self._preload])}; from airflow.__main__ import main; main()"
                command = [sys.executable, "-c", program, *arguments]
                pid = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True).pid  # noqa: S603 - ours
            elif not (pid := os.fork()):
                _become(name, arguments, log.fileno())
            self._names[pid] = name


def _become(name: str, arguments: Sequence[str], log: int) -> NoReturn:
    """In a fork: be that program, until it ends."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for output in (sys.stdout, sys.stderr):
            output.flush()
            os.dup2(log, output.fileno())
        sys.argv = ["airflow", *arguments]
        _import(OWN.get(name, ()))
        gc.set_threshold(*GARBAGE)
        gc.enable()
        import_module("airflow.__main__").main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import(names: Sequence[str]) -> None:
    """Import modules, and exempt from the search for garbage what they made."""
    gc.disable()
    for name in names:
        import_module(name)
    gc.freeze()


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(**json.loads(sys.argv[1])))
