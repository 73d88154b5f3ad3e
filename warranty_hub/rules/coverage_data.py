"""Warranty rules and seasons as data: the files beside this module, and a company's own of the same shape."""

import csv
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from warranty_hub.errors import ConfigError
from warranty_hub.records.codes import Clock, PeriodMeasure, StartEvent
from warranty_hub.rules.coverage import START, Binding, Period, Rule, Season, SeasonKind

DATA = Path(__file__).parent / "data"
T = TypeVar("T")


@cache
def rules_of(jurisdiction: str, own: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a jurisdiction; a line of ``own`` replaces ours of the same id. Raises ConfigError naming file and line."""
    lines = {rule.rule_id: rule for path in (DATA / "warranty_rules.csv", own) if path for rule in _read(path, _rule)}
    found = tuple(rule for rule in lines.values() if rule.jurisdiction == jurisdiction)
    if not found:
        known = sorted({rule.jurisdiction for rule in lines.values()})
        raise ConfigError(f"There are no warranty rules for {jurisdiction!r}", remedy=f"Take one of {', '.join(known)}.")
    return found


@cache
def seasons_of(city: str | None, own: Path | None = None) -> tuple[Season, ...]:
    """The seasons of a city; those of ``own`` come first. Raises ConfigError naming file and line."""
    files = (path for path in (own, DATA / "seasons.csv") if path)
    return tuple(season for path in files for name, season in _read(path, _season) if name == city)


def _read(path: Path, parse: Callable[[Mapping[str, str]], T]) -> list[T]:
    parsed = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                parsed.append(parse(row))
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{path.name}, line {reader.line_num}: {error}",
                    remedy="Write it like the lines of the hub's own file in warranty_hub/rules/data; no cell may be missing.",
                ) from None
    return parsed


def _rule(row: Mapping[str, str]) -> Rule:
    for alternative in row["start"].split("|"):
        event = START.fullmatch(alternative)
        StartEvent(event["event"] if event else alternative)
    measure = PeriodMeasure(row["measure"])
    needs_value = measure not in (PeriodMeasure.DESIGN_LIFE, PeriodMeasure.CONTRACT)
    return Rule(
        rule_id=row["rule_id"],
        jurisdiction=row["jurisdiction"],
        clock=Clock(row["clock"]),
        category=row["category"],
        components=frozenset(row["components"].split()),
        defect_types=frozenset(row["defect_types"].split()),
        period=Period(int(row["value"]) if needs_value else 0, measure),
        binding=Binding(row["binding"]),
        start=row["start"],
        at_least_as=Clock(row["at_least_as"]) if row["at_least_as"] else None,
        liable=row["liable"],
        basis=row["basis"],
    )


def _season(row: Mapping[str, str]) -> tuple[str, Season]:
    def day(text: str) -> tuple[int, int]:
        month, number = map(int, text.split("-"))
        date(2001, month, number)  # a day of every year, so not 29 February
        return month, number

    return row["city"], Season(SeasonKind(row["kind"]), day(row["first"]), day(row["last"]))
