"""What the suites share: bypasses, and a canary that must show up nowhere."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

SHORTEST_REASON = 20
"""Characters; less is no sentence."""
WRONG = "canary-不对-wrong"
"""A user and a password that no system knows."""


class Suite:
    """What all suites have in common: a check that cannot apply is bypassed, with a reason."""

    bypass: ClassVar[Mapping[str, str]] = {}
    """Check → why it cannot apply to this system, in words."""

    @pytest.fixture(autouse=True)
    def _bypassed(self, request: pytest.FixtureRequest) -> None:
        if reason := self.bypass.get(request.function.__name__):
            pytest.skip(reason)

    def test_every_bypass_has_a_check_and_a_reason(self) -> None:
        """A misspelt name or an empty reason would leave a gap that nobody sees."""
        for name, reason in self.bypass.items():
            assert callable(getattr(self, name, None)), f"there is no check {name}"
            assert len(reason) > SHORTEST_REASON, f"{name} is bypassed without a reason in words"
