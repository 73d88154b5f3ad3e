"""A score that promises too much links the wrong element unasked; decisions that move it the wrong way make it worse."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mappings.elements import Judged, LocateMethod, Sign, calibrate, shipped
from mappings.elements.location import AUTO_FROM
from mappings.elements.score import MOST

ROOM = LocateMethod.ROOM_COMPONENT
DECISIONS = st.lists(
    st.builds(
        Judged,
        st.sampled_from([ROOM, LocateMethod.TAG]),
        st.lists(st.sampled_from(sorted(Sign)), max_size=3, unique=True).map(tuple),
        st.booleans(),
    ),
    max_size=60,
)
SCORES = st.floats(0, MOST)


def test_a_sign_that_speaks_against_an_answer_raises_it() -> None:
    for method in (ROOM, LocateMethod.DWELLING_COMPONENT, LocateMethod.TAG):
        for sign in set(Sign) - {Sign.SEVERAL, Sign.SAME_PLACE, Sign.SAME_KIND}:
            assert shipped().score(method, [sign]) <= shipped().score(method, [])


def test_only_one_element_in_a_room_is_not_sure_enough_or_one_that_other_flats_lack_is() -> None:
    assert AUTO_FROM <= shipped().score(ROOM, ()) <= MOST
    assert shipped().score(ROOM, (Sign.LONE, Sign.SEVERAL_PLACES)) < AUTO_FROM


@given(score=SCORES)
def test_without_decisions_a_score_changes(score: float) -> None:
    assert calibrate([], shipped()).corrected(ROOM, score) == score


@given(decisions=DECISIONS, low=SCORES, high=SCORES)
def test_a_better_answer_gets_a_worse_score(decisions: list[Judged], low: float, high: float) -> None:
    low, high = sorted((low, high))
    learnt = calibrate(decisions, shipped())
    assert 0 <= learnt.corrected(ROOM, low) <= learnt.corrected(ROOM, high) <= 1


@given(decisions=DECISIONS, score=SCORES, signs=st.sampled_from([(), (Sign.SEVERAL,), (Sign.PART_UNKNOWN,)]))
def test_a_confirmed_answer_lowers_a_score_or_a_rejected_one_raises_it(
    decisions: list[Judged], score: float, signs: tuple[str, ...]
) -> None:
    before, right, wrong = (
        calibrate([*decisions, *more], shipped()).corrected(ROOM, score)
        for more in ([], [Judged(ROOM, signs, True)], [Judged(ROOM, signs, False)])
    )
    assert wrong <= before + 1e-9
    assert right >= before - 1e-9


@given(decisions=DECISIONS, seed=st.randoms())
def test_what_is_learnt_depends_on_the_order_of_the_decisions(decisions: list[Judged], seed: object) -> None:
    shuffled = list(decisions)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (calibrate(said, shipped()) for said in (decisions, shuffled))
    assert (one.curves, one.version) == (other.curves, other.version)


def test_many_wrong_answers_go_on_being_linked_in_their_project() -> None:
    raw = shipped().score(ROOM, ())
    learnt = [calibrate([Judged(ROOM, (), False)] * count, shipped()).score(ROOM, ()) for count in (0, 1, 5, 50)]
    assert learnt[0] == raw
    assert all(later < earlier for earlier, later in pairwise(learnt))
    assert learnt[-1] < AUTO_FROM
    assert calibrate([Judged(ROOM, (), False)] * 50, shipped()).score(LocateMethod.TAG, ()) == shipped().score(
        LocateMethod.TAG, ()
    )
