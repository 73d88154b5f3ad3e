"""The checks that every source has to pass. One subclass is one connector:

    class TestOurTickets(SourceSuite):
        bypass = {"test_deletions_are_found": "this system deletes nothing, it cancels"}

        @pytest.fixture
        def system(self) -> Iterator[System]:
            with OurTicketsForTests() as system:   # a warranty_hub.testing.trial.System
                yield system

Each check runs connector → field map → warehouse through the same functions as the jobs, and says in its name what holds. A
check that cannot apply is bypassed with a reason in words. What is called over HTTP has to pass http_suite.py as well.
docs/connectors.md tells the whole story.
"""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

from connectors.contract import Source, Window
from mappings.fields.compiler import load_field_map
from warranty_hub.errors import (
    ConfigError,
    DeletionFuseError,
    HubError,
    LoginError,
    PageOrderError,
    RetryableError,
    StreamTakenOverError,
)
from warranty_hub.pipelines.quarantine import retry
from warranty_hub.records.codes import RunStatus
from warranty_hub.testing.suite import WRONG, Suite
from warranty_hub.testing.trial import DAY, FIRST, TODAY, ZONE, System, Trial, at
from warranty_hub.warehouse.tables import quarantine, run

MANY = 7
"""Records of a usual test: three pages, the last one not full."""
ELSEWHERE = ZoneInfo("America/Los_Angeles")
ODD_TEXT = "3#楼<2单元>&\"1501'室\"\\ 渗水½ 😀 '; -- %s {0} ${x}"
ODD_AMOUNTS = ("0.10", "0.20", "123456789.01", "172800.00", "0.07", "999.99", "1.00")


class Interrupted(BaseException):
    """Ends a run where a test wants it to end; no connector may catch it."""


class SourceSuite(Suite):
    """What holds for every source."""

    @pytest.fixture
    def system(self) -> Iterator[System]:
        """The other system, started and empty. Every subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `system`")

    @pytest.fixture
    def trial(self, shared_warehouse: Engine, system: System) -> Trial:
        """The system with a source of its own in the warehouse."""
        return Trial(shared_warehouse, system)

    # ------------------------------------------------------------------------------------------------ configuration
    def test_check_says_in_a_line_what_answered(self, trial: Trial) -> None:
        """`warranty-hub check` shows this line to whoever sets the connection up."""
        trial.put_many(1)
        line = trial.source().check()
        assert len(line) > 5, f"the line {line!r} says nothing"
        assert "\n" not in line

    def test_an_unknown_option_is_named(self, trial: Trial) -> None:
        """A misspelt option that is ignored is a setting that somebody believes in."""
        with pytest.raises(ConfigError, match="pagesize_misspelt"):
            trial.source(pagesize_misspelt=1)

    def test_a_wrong_login_is_told_and_not_insisted_on(self, trial: Trial) -> None:
        """Trying a wrong password again and again locks the account."""
        connection = replace(trial.system.connection, login=WRONG, password=SecretStr(WRONG))
        source = trial.source(connection)
        with trial.counted() as requests, pytest.raises(LoginError) as caught:
            source.check()
        assert caught.value.remedy
        assert requests() <= 2, f"{requests()} requests with a wrong login"

    def test_an_absent_system_is_worth_another_try(self, trial: Trial) -> None:
        """A restart of the other system must end in a retry, not in a call to a person."""
        connection = replace(trial.system.connection, host="127.0.0.1", port=9)
        with pytest.raises(RetryableError):
            trial.source(connection).check()

    def test_the_password_is_written_nowhere(self, trial: Trial) -> None:
        """Logs, errors, ledger and quarantine are read by more people than may know it."""
        secret = trial.system.connection.password.get_secret_value()
        wrong = replace(trial.system.connection, password=SecretStr(WRONG))
        trial.put_many(2)
        trial.spoil(3)
        with _everything_logged() as log:
            trial.sync()
            told = [trial.source().check(), repr(trial.source()), *_refusal(trial.source(wrong))]
        with trial.engine.connect() as db:
            for table in (run, quarantine):
                told += map(str, db.execute(select(table).where(table.c.unit == trial.unit)))
        everything = "\n".join([*log, *told])
        assert WRONG not in everything
        assert not secret or secret not in everything

    # ------------------------------------------------------------------------------------------------ discovery
    def test_streams_are_the_same_each_time_and_have_names_and_keys(self, trial: Trial) -> None:
        """hub.yaml names streams; the ledger and the tables live by their names and keys."""
        first, second = trial.source().streams(), trial.source().streams()
        assert first == second
        assert trial.system.stream in first
        assert all(stream.name == name and stream.key for name, stream in first.items())
        assert not any(stream.ordered and not stream.cursor for stream in first.values()), "ordered by what?"

    def test_key_and_cursor_stand_in_every_record(self, trial: Trial) -> None:
        """A key that is empty or a cursor that does not exist shows only when records are lost."""
        trial.put_many(MANY)
        stream = trial.declared()
        for record in trial.records():
            for field in (*stream.key, *([stream.cursor] if stream.cursor else [])):
                value = at(record, field)
                assert value is not None, f"{field} is absent or empty"
                assert not isinstance(value, Mapping | list), f"{field} is no single value"

    def test_records_have_every_field_that_the_map_reads(self, trial: Trial) -> None:
        """A field that the source does not send arrives as empty in every fact."""
        trial.put_many(MANY)
        field_map = load_field_map(trial.system.field_map, ZONE, trial.system.folder)
        assert not {field for record in trial.records() for field in field_map.missing_from(record)}

    # ------------------------------------------------------------------------------------------------ read
    def test_every_record_arrives_once(self, trial: Trial) -> None:
        """Keys are unique, pages neither overlap nor leave gaps, and the ledger counts what was there."""
        trial.put_many(MANY)
        assert sorted(trial.ids(*trial.pages())) == sorted(trial.truth())
        report = trial.sync()
        assert trial.stored() == trial.truth()
        assert (report.read, report.outcomes["new"]) == (MANY, MANY)

    def test_an_empty_system_is_no_error(self, trial: Trial) -> None:
        """The first night of a new system."""
        assert trial.sync().read == 0
        assert trial.stored() == {}

    def test_texts_arrive_as_they_were_written(self, trial: Trial) -> None:
        """People write every character into a ticket; some are special to a query, a markup or a character set."""
        trial.put(1, text=ODD_TEXT)
        trial.sync()
        column = trial.system.arrives_in["text"]
        assert trial.stored()[trial.system.source_id(1)][column] == ODD_TEXT

    def test_amounts_arrive_to_the_cent(self, trial: Trial) -> None:
        """A sum that is off by a cent costs finance a day."""
        for number, amount in enumerate(ODD_AMOUNTS, start=1):
            trial.put(number, amount=amount)
        trial.sync()
        column = trial.system.arrives_in["amount"]
        assert [row[column] for _, row in sorted(trial.stored().items())] == [
            row[column] for _, row in sorted(trial.truth().items())
        ]

    def test_no_value_is_a_float_or_a_time_without_zone(self, trial: Trial) -> None:
        """Digits are lost in the one, hours in the other, before a field map could do anything about it."""
        trial.put_many(MANY)
        for record in trial.records():
            for place, value in _values(record):
                assert not isinstance(value, float), f"{place} is a float"
                assert not isinstance(value, datetime) or value.tzinfo, f"{place} is a time without zone"

    def test_the_clock_of_the_source_has_a_zone(self, trial: Trial) -> None:
        """A clock without zone is compared with ours, and is hours off."""
        now = trial.source().now()
        assert now is None or now.tzinfo

    # ------------------------------------------------------------------------------------------------ incremental
    def test_a_second_run_writes_nothing(self, trial: Trial) -> None:
        """The same records again are no changes."""
        trial.put_many(MANY)
        trial.put(MANY + 1, changed=TODAY - trial.declared().lookback / 2)
        trial.sync()
        report = trial.sync()
        assert report.read, "the lookback was not read again"
        assert (report.outcomes["new"], report.outcomes["changed"]) == (0, 0)
        assert trial.stored() == trial.truth()

    def test_new_and_changed_records_arrive_with_the_next_run(self, trial: Trial) -> None:
        """What happened since, and only that."""
        trial.put_many(MANY)
        trial.sync()
        trial.now += 2 * DAY
        trial.put(2, changed=trial.now - DAY, text="改为厨房", amount="7.77")
        trial.put(MANY + 1, changed=trial.now - DAY)
        outcomes = trial.sync().outcomes
        assert (outcomes["new"], outcomes["changed"]) == (1, 1)
        assert trial.stored() == trial.truth()

    def test_a_window_holds_its_ends_and_what_is_between(self, trial: Trial) -> None:
        """Windows meet at their ends: what neither holds is lost. What lies outside is read for nothing, each time."""
        trial.put_many(MANY)
        start, end = FIRST + 2 * DAY, FIRST + 5 * DAY
        read = set(trial.ids(*trial.pages(Window(start, end))))
        assert read >= trial.ids_between(start, end)
        if trial.declared().cursor:
            margin = trial.system.resolution
            assert read <= trial.ids_between(start - margin, end + margin)

    def test_a_window_is_the_same_in_every_zone(self, trial: Trial) -> None:
        """Our servers stand in UTC, theirs do not."""
        trial.put_many(MANY)
        start, end = FIRST + 2 * DAY, FIRST + 5 * DAY
        elsewhere = Window(start.astimezone(ELSEWHERE), end.astimezone(ELSEWHERE))
        assert sorted(trial.ids(*trial.pages(Window(start, end)))) == sorted(trial.ids(*trial.pages(elsewhere)))

    def test_a_record_told_late_is_not_lost(self, trial: Trial) -> None:
        """Some facts are committed after a later one was: the lookback is there for them."""
        trial.put_many(MANY)
        trial.sync()
        cursor = trial.cursor()
        assert cursor
        trial.now += timedelta(hours=1)
        trial.put(MANY + 1, changed=cursor - trial.declared().lookback / 2)
        trial.sync()
        assert trial.stored() == trial.truth()

    def test_records_of_the_same_instant_are_not_lost_between_pages(self, trial: Trial) -> None:
        """A mass import gives hundreds of records one change time."""
        for number in range(1, MANY + 1):
            trial.put(number, changed=FIRST)
        trial.sync()
        assert trial.stored() == trial.truth()

    def test_records_that_come_between_pages_hide_no_others(self, trial: Trial) -> None:
        """People work while we read."""
        trial.put_many(MANY)
        there, read = set(trial.truth()), list[str]()
        for number, page in enumerate(trial.pages(), start=1):
            read += trial.ids(page)
            if number == 1:
                trial.put(0, changed=FIRST - DAY)
                trial.put(MANY + 1, changed=TODAY - DAY)
        assert there <= set(read)

    def test_records_that_go_between_pages_hide_no_others(self, trial: Trial) -> None:
        """What moves up into the place of a deleted record must not be passed over, or the run must say so."""
        trial.put_many(MANY)
        read = list[str]()
        try:
            for number, page in enumerate(trial.pages(), start=1):
                read += trial.ids(page)
                if number == 1:
                    trial.remove(1)
                    trial.remove(MANY)
        except (RetryableError, PageOrderError):
            return
        assert set(trial.truth()) <= set(read)

    def test_a_clock_set_back_rewinds_nothing(self, trial: Trial) -> None:
        """A server with a wrong clock must not make us read a year again, nor lose what comes next."""
        trial.put_many(MANY)
        trial.sync()
        cursor, trial.now = trial.cursor(), TODAY - 10 * DAY
        trial.sync()
        assert trial.cursor() == cursor
        trial.now = TODAY + 2 * DAY
        trial.put(MANY + 1, changed=TODAY + DAY)
        trial.sync()
        assert trial.stored() == trial.truth()

    # ------------------------------------------------------------------------------------------------ write
    def test_a_run_killed_after_any_page_is_made_good_by_the_next(self, trial: Trial) -> None:
        """The cursor is never ahead of the data, wherever a run ends."""
        trial.put_many(MANY)
        killed = 0
        while True:
            trial.start_over()
            try:
                trial.sync(_interrupt_at("page committed", killed + 1))
            except Interrupted:
                killed += 1
            else:
                break
            assert not trial.passed_over(), "the cursor is ahead of the data"
            trial.sync()
            assert trial.stored() == trial.truth()
        assert killed, "no run had a page to be killed after"

    def test_of_two_runs_at_once_one_wins(self, trial: Trial) -> None:
        """A slow run and the next one on schedule: the later takes over, the earlier stops, nothing is doubled."""
        trial.put_many(MANY)
        once = iter([trial.sync])

        def overtake(step: str) -> None:
            if step == "page committed" and (other := next(once, None)):
                assert other().status == RunStatus.SUCCEEDED

        with pytest.raises(StreamTakenOverError):
            trial.sync(overtake)
        assert trial.stored() == trial.truth()

    def test_deletions_are_found(self, trial: Trial) -> None:
        """A deleted ticket that lives on in our figures is a wrong figure; and a half-empty source deletes nothing here."""
        if not trial.declared().sweepable:
            with pytest.raises(ConfigError):
                list(trial.source().keys(trial.system.stream))
            return
        trial.put_many(MANY)
        trial.sync()
        trial.remove(4)
        assert trial.sweep().tombstones == 1
        assert trial.stored() == trial.truth()
        left = trial.truth()
        for number in (1, 2, 3):
            trial.remove(number)
        with pytest.raises(DeletionFuseError):
            trial.sweep()
        assert trial.stored() == left

    # ------------------------------------------------------------------------------------------------ quality
    def test_a_bad_record_waits_in_quarantine_until_it_is_corrected(self, trial: Trial) -> None:
        """One bad record neither stops the others nor gets lost; it is kept with a reason, and closed when it loads."""
        trial.put_many(MANY)
        trial.spoil(MANY + 1)
        outcomes = trial.sync().outcomes
        assert (outcomes["new"], outcomes["quarantined"]) == (MANY, 1)
        [row] = trial.quarantined()
        assert (row.source_id, row.code) == (trial.system.source_id(MANY + 1), "HUB-400")
        assert row.reason
        assert row.payload
        retry(trial.hub(), trial.unit)
        assert [again.attempts for again in trial.quarantined()] == [row.attempts + 1], "what stands there is no whole record"
        trial.now += 2 * DAY
        trial.put(MANY + 1, changed=trial.now - DAY)
        trial.sync()
        assert trial.quarantined() == []
        assert trial.stored() == trial.truth()


def _refusal(source: Source) -> list[str]:
    """What people are shown when a check fails, the traceback included."""
    try:
        return [source.check()]
    except HubError as error:
        return [str(error), *traceback.format_exception(error)]


@contextmanager
def _everything_logged() -> Iterator[list[str]]:
    """What any logger says, debugging included."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    root, listener = logging.getLogger(), Listener(logging.DEBUG)
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield said
    finally:
        root.removeHandler(listener)
        root.setLevel(level)


def _values(value: Any, place: str = "record") -> Iterator[tuple[str, Any]]:
    """Every single value of a record, with its place."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{place}.{name}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _values(inner, f"{place}[{number}]")
    else:
        yield place, value


def _interrupt_at(step: str, occurrence: int) -> Callable[[str], None]:
    seen = 0

    def on_step(name: str) -> None:
        nonlocal seen
        seen += name == step
        if name == step and seen == occurrence:
            raise Interrupted

    return on_step
