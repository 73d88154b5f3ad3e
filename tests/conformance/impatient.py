"""HTTP options for systems on this machine that misbehave on purpose."""

from typing import Any

IMPATIENT: dict[str, Any] = {"attempts": 3, "longest_wait": 0.02, "read_timeout": 0.4}
