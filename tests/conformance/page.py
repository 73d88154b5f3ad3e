"""docs/connectors.md: its tables come from the registry and the suites, its example from the files that are tested.

``python -m tests.conformance.page`` writes them anew.
"""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from connectors.registry import SINKS, SOURCES, build_source
from tests.connectors.test_registry import GOOD, connection_for
from warranty_hub.testing.http_suite import HttpSourceSuite
from warranty_hub.testing.sink_suite import SinkSuite, SinkSystem
from warranty_hub.testing.source_suite import SourceSuite
from warranty_hub.testing.suite import Suite
from warranty_hub.testing.trial import System

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "connectors.md"
FOREIGN = HERE.parent / "foreign"
SUITES = (SourceSuite, HttpSourceSuite, SinkSuite)


class Passed(NamedTuple):
    """A suite that a system passes: what is on trial, and which checks do not apply."""

    system: str
    subject: str
    suite: type[Suite]


def written_anew(page: str) -> str:
    """The page with every section between ``<!-- begin: name -->`` and ``<!-- end: name -->`` made anew."""
    for name, text in sections().items():
        mark = re.escape(name)
        pattern = rf"(<!-- begin: {mark} -->\n).*?(<!-- end: {mark} -->)"
        page, count = re.subn(pattern, lambda found, text=text: f"{found[1]}{text}{found[2]}", page, flags=re.DOTALL)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"{PAGE.name} has {count} sections {name}")
    return page


def sections() -> Mapping[str, str]:
    """Name of a section → its Markdown."""
    passed = list(_passed())
    return {
        "systems": _systems(passed),
        "bypasses": _bypasses(passed),
        **{path.name: _listing(path) for path in sorted((HERE / "example").glob("*gongdan*")) if path.is_file()},
        "checks": "".join(map(_checks, SUITES)),
    }


def _passed() -> Iterator[Passed]:
    """Every suite of tests/conformance, with the system that its module plays."""
    for path in sorted(HERE.glob("test_*.py")):
        found = list(vars(importlib.import_module(f"{__package__}.{path.stem}")).values())
        classes = [one for one in found if inspect.isclass(one) and one.__module__ == f"{__package__}.{path.stem}"]
        for suite in classes:
            if issubclass(suite, Suite):
                systems = [one for one in classes if issubclass(one, SinkSystem if issubclass(suite, SinkSuite) else System)]
                told = [one for one in systems if hasattr(one, "kind") or hasattr(one, "stream")]
                yield Passed(systems[0].connector, " ".join((suite.__doc__ or told[0].__name__).split()), suite)


def _systems(passed: list[Passed]) -> str:
    head = "| system | reads | writes | conformance | software we did not write |\n|---|---|---|---|---|\n"
    return head + "".join(_row(system, [one for one in passed if one.system == system]) for system in SOURCES | SINKS)


def _row(system: str, passed: list[Passed]) -> str:
    conformance = "<br>".join(_verdict(one) for one in passed) or "–"
    foreign = ", ".join(_counterparts(system)) or "–"
    writes = "yes" if system in SINKS else "–"
    return f"| [{system}](connectors/{system}.md) | {_streams(system)} | {writes} | {conformance} | {foreign} |\n"


def _counterparts(system: str) -> tuple[str, ...]:
    """As the module of tests/foreign that is named after the system calls them."""
    if not (FOREIGN / f"test_{system}.py").exists():
        return ()
    found: tuple[str, ...] = importlib.import_module(f"tests.foreign.test_{system}").COUNTERPARTS
    return found


def _streams(system: str) -> str:
    if system not in SOURCES:
        return "–"
    if "streams" in GOOD[system]:
        return "as declared in hub.yaml"
    return "<br>".join(
        f"`{stream.name}`: {f'cursor `{stream.cursor}`' if stream.cursor else 'whole'}{', sweep' if stream.sweepable else ''}"
        for stream in build_source(system, connection_for(system), GOOD[system]).streams().values()
    )


def _verdict(one: Passed) -> str:
    checks = _names(one.suite)
    return f"{one.subject.rstrip('.')}: {len(checks) - len(one.suite.bypass)} of {len(checks)}"


def _bypasses(passed: list[Passed]) -> str:
    """Each once: streams of one system often share theirs."""
    lines = (
        f"- {one.system}, {_said(check)}: {reason}\n" for one in passed for check, reason in sorted(one.suite.bypass.items())
    )
    return "".join(dict.fromkeys(lines))


def _checks(suite: type[Suite]) -> str:
    inherited = {name for base in suite.__mro__[1:-1] for name in vars(base)}
    lines = [f"- {_said(name)}: {inspect.getdoc(getattr(suite, name))}" for name in _names(suite) if name not in inherited]
    return f"\n**{suite.__name__}** ({(inspect.getdoc(suite) or '').splitlines()[0].rstrip('.')})\n\n" + "\n".join(lines) + "\n"


def _names(suite: type[Suite]) -> list[str]:
    """The checks in the order in which they are written."""
    every = [name for base in reversed(suite.__mro__) for name in vars(base) if name.startswith("test_")]
    return list(dict.fromkeys(every))


def _said(check: str) -> str:
    return f"*{check.removeprefix('test_').replace('_', ' ')}*"


def _listing(path: Path) -> str:
    language = {".py": "python", ".yaml": "yaml"}[path.suffix]
    return f"`{path.name}`\n\n```{language}\n{path.read_text(encoding='utf-8')}```\n"


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
