"""What the benchmark measures at size, held on a small estate: a change that reads worse shows here first."""

from collections import Counter

import pytest

from benchmarks.locating import forms
from benchmarks.locating.homes import Estate
from benchmarks.locating.phrases import ROOMS
from benchmarks.locating.reading import handwritten, score_generated
from benchmarks.locating.tickets import single_share, tickets
from mappings.lexicon import lexicon
from sandbox.building import Tower


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate(tuple(Tower("云湖花园", f"{number}号楼", storeys=11, units=2) for number in (1, 2)))


def test_addresses_are_read_as_people_write_them() -> None:
    score = forms.score_forms()
    assert score.share(forms.ONE) >= 0.97
    assert score.share(forms.BOTH) >= 0.97
    assert score.share(forms.GUESS) == 1


def test_tickets_are_read_as_they_were_meant(estate: Estate) -> None:
    score = score_generated(tickets(estate, 500), estate.register)
    assert score.share("whole record") >= 0.95
    assert score.share("denied, past or feared") >= 0.95


def test_most_texts_allow_more_than_one_element_for_the_benchmark_would_be_too_easy(estate: Estate) -> None:
    assert single_share(list(tickets(estate, 500))) <= 0.5


def test_every_room_has_two_like_components_for_a_guess_to_be_wrong(estate: Estate) -> None:
    rooms = [room for room in estate.places if room.dwelling and room.name in ROOMS]
    alike = [max(map(len, estate.elements[room.place_id].values())) for room in rooms]
    assert len(rooms) == 2 * 2 * 11 * 2 * 8
    assert min(alike) >= 2


def test_the_same_seed_writes_the_same_tickets(estate: Estate) -> None:
    assert list(tickets(estate, 50, seed=3)) == list(tickets(estate, 50, seed=3))


def test_labels_by_hand_are_codes_of_the_lexicon() -> None:
    known = {*lexicon().components, *lexicon().defect_types, "-"}
    written = handwritten()
    assert len(written) == 300
    used = Counter(code for ticket in written for label in ticket.defects for code in label.split()[-2:])
    assert set(used) <= known
