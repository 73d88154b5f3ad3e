"""What a contestant tells of itself when it runs in a process, and perhaps an environment, of its own. Linux only."""

import re
import time
from collections.abc import Callable
from pathlib import Path


def tell(work: Callable[[], object]) -> None:
    """Do it, and print its seconds by the clock, its seconds of CPU time here, and this process's peak memory in MB."""
    started, cpu_before = time.perf_counter(), time.process_time()
    work()
    print(time.perf_counter() - started, time.process_time() - cpu_before, _peak())


def _peak() -> float:
    """The most that ever was resident: of this program alone, which ru_maxrss is not, it starts with the parent's."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1000
