"""The checks that a source behind HTTP has to pass as well: each fault strikes each request, one run after the other."""

import time
from collections.abc import Iterator

from connectors.contract import Window
from warranty_hub.errors import HubError
from warranty_hub.testing.faults import SILENCE, Fault
from warranty_hub.testing.source_suite import MANY, SourceSuite
from warranty_hub.testing.trial import Trial

FEW = 4
"""Records of a run that is struck again and again: two pages."""


class HttpSourceSuite(SourceSuite):
    """What holds for a source behind HTTP; its fixture ``system`` is an `HttpSystem`."""

    def test_http_429_with_seconds(self, trial: Trial) -> None:
        """Asked to wait, it waits and goes on."""
        _weathers(trial, Fault.TOO_MANY_SECONDS)

    def test_http_429_with_a_date(self, trial: Trial) -> None:
        """RFC 9110 allows both forms."""
        _weathers(trial, Fault.TOO_MANY_DATE)

    def test_http_429_with_an_absurd_wait(self, trial: Trial) -> None:
        """A day is not waited for: our own limit holds."""
        _weathers(trial, Fault.TOO_MANY_ABSURD)

    def test_http_500(self, trial: Trial) -> None:
        """A hiccup is no failure."""
        _weathers(trial, Fault.SERVER_ERROR)

    def test_http_503(self, trial: Trial) -> None:
        """A restart behind a proxy."""
        _weathers(trial, Fault.UNAVAILABLE)

    def test_http_silence(self, trial: Trial) -> None:
        """A call without an end would hold a worker for ever."""
        began = time.monotonic()
        for _ in _weathered(trial, Fault.SILENT):
            assert time.monotonic() - began < SILENCE, "it waited to the end"
            began = time.monotonic()

    def test_http_answer_cut_in_the_middle(self, trial: Trial) -> None:
        """Half an answer passes for a whole one where nobody counts."""
        _weathers(trial, Fault.CUT)

    def test_http_compressed_answer(self, trial: Trial) -> None:
        """Proxies compress."""
        _weathers(trial, Fault.COMPRESSED)

    def test_http_expired_session(self, trial: Trial) -> None:
        """A session that ends in the middle of a long run is renewed, once."""
        _weathers(trial, Fault.EXPIRED, first=trial.http.opening + 1)

    def test_http_login_page_instead_of_data(self, trial: Trial) -> None:
        """Status 200 and a page for people: no data, not an empty page of data."""
        _admits(trial, Fault.LOGIN_PAGE)

    def test_http_truncated_answer(self, trial: Trial) -> None:
        """Half of a document."""
        _admits(trial, Fault.TRUNCATED)

    def test_http_empty_answer(self, trial: Trial) -> None:
        """Nothing is not the end of the list."""
        _admits(trial, Fault.EMPTY)

    def test_http_refused_in_the_middle(self, trial: Trial) -> None:
        """A password changed while we read."""
        _admits(trial, Fault.EXPIRED)

    def test_http_repeated_page(self, trial: Trial) -> None:
        """A page that comes twice took the place of another one."""
        _admits(trial, Fault.REPEATED, first=2)

    def test_http_the_same_page_for_ever(self, trial: Trial) -> None:
        """A server that always gives the same next page must not be read for ever."""
        trial.put_many(MANY)
        usual = _requests_of_a_run(trial)
        most = 2 * usual + 20
        trial.start_over()
        trial.faults[:] = [None] * (usual - 2) + [Fault.REPEATED] * most
        _sync_or_say(trial)
        assert trial.faults, f"it asked {most} times for the same"


def _weathers(trial: Trial, fault: Fault, first: int = 1) -> None:
    for _ in _weathered(trial, fault, first):
        pass


def _weathered(trial: Trial, fault: Fault, first: int = 1) -> Iterator[int]:
    """The run that meets the fault ends complete, wherever it strikes; yields its place after each run."""
    for place in _strikes(trial, fault, first):
        try:
            trial.sync()
        except HubError as error:
            raise AssertionError(f"request {place}: {fault.value}: {error}") from error
        assert trial.stored() == trial.truth(), f"request {place}: {fault.value}: not what the system holds"
        yield place


def _admits(trial: Trial, fault: Fault, first: int = 1) -> None:
    """The run that meets the fault ends complete or fails in words; nothing wrong is kept, and the next makes it good."""
    for place in _strikes(trial, fault, first):
        if not _sync_or_say(trial):
            truth, stored = trial.truth(), trial.stored()
            assert all(truth.get(key) == row for key, row in stored.items()), f"request {place}: {fault.value}: wrong facts"
            assert not trial.passed_over(), f"request {place}: {fault.value}: the cursor is ahead of the data"
            trial.faults.clear()
            trial.sync()
        assert trial.stored() == trial.truth(), f"request {place}: {fault.value}: passed for the whole"


def _strikes(trial: Trial, fault: Fault, first: int = 1) -> Iterator[int]:
    """Make the fault strike each request of a run, from the first-th on, one run after the other; yields its place."""
    trial.put_many(FEW)
    for place in range(first, _requests_of_a_run(trial) + 1):
        trial.start_over()
        trial.faults[:] = [None] * (place - 1) + [fault]
        yield place
        assert fault not in trial.faults, f"request {place} was never made"


def _requests_of_a_run(trial: Trial) -> int:
    """As many as a first run makes; counted without the warehouse, which takes longer than they do."""
    with trial.counted() as requests:
        source = trial.source()
        source.streams()
        source.now()
        for _ in source.pages(trial.system.stream, Window(None, trial.now)):
            pass
    return requests()


def _sync_or_say(trial: Trial) -> bool:
    """Whether it went well. What fails otherwise than in the hub's own words fails the check."""
    try:
        trial.sync()
    except HubError:
        return False
    return True
