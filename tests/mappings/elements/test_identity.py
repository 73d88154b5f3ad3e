"""An element of a new revision is taken for another than it was, is not recognised, or the answer depends on an order."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.elements.identity import Matching, Method, Pair, Snapshots, content_of, match

NO_BOX = (float("nan"),) * 6


@dataclass(frozen=True)
class Thing:
    """One element, as a test describes it: a cube of 1 m at ``x``, unless it has no box."""

    guid: str | None = None
    tag: str | None = None
    x: float | None = 0.0
    size: float = 1.0
    kind: str = "IfcWall"
    file: str = "model"
    content: str | None = None
    room: str | None = None
    reserved: bool = False

    @property
    def box(self) -> tuple[float, ...]:
        return NO_BOX if self.x is None else (self.x, 0.0, 0.0, self.x + self.size, 1.0, 1.0)


def snapshots(*things: Thing) -> Snapshots:
    tags = [(thing.kind, thing.tag) for thing in things]
    return Snapshots(
        [thing.file for thing in things],
        [thing.kind for thing in things],
        [thing.guid for thing in things],
        [thing.tag for thing in things],
        np.array([tags.count(tag) == 1 for tag in tags], np.bool_),
        [thing.content for thing in things],
        [thing.room for thing in things],
        np.array([thing.box for thing in things], np.float64).reshape(-1, 6),
        np.array([thing.reserved for thing in things], np.bool_),
    )


def matched(old: list[Thing], new: list[Thing]) -> tuple[set[tuple[int, int, Method]], set[tuple[int, int, Method]]]:
    """The sure and the doubtful pairs."""
    found = match(snapshots(*old), snapshots(*new))
    return {pair[:3] for pair in found.sure}, {pair[:3] for pair in found.doubtful}


A, B = Thing("a", "1"), Thing("b", "2", x=5.0)


def drifted(thing: Thing, **changes: object) -> Thing:
    """The element in a revision whose exporter made up a new GlobalId and forgot the tag."""
    return replace(thing, guid=f"{thing.guid}'", **{"tag": None, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "method"),
    [
        (Thing("a", "9", file="other"), Method.GLOBAL_ID),
        (Thing("a", "1", kind="IfcMember", x=0.04), Method.GLOBAL_ID),
        (Thing("a", None, kind="IfcWallStandardCase", x=7.0), Method.GLOBAL_ID),
        (Thing("z", "1", x=0.7), Method.TAG),
        (drifted(A, x=0.008), Method.BOX_10_MM),
        (drifted(A, x=0.045), Method.BOX_50_MM),
    ],
)
def test_an_element_whose_file_class_global_id_or_place_changed_a_little_is_lost(new: Thing, method: Method) -> None:
    assert matched([A, B], [drifted(B, x=90.0), new]) == ({(0, 1, method)}, set())


def test_what_says_the_same_of_itself_is_not_followed_when_it_is_moved_a_hands_breadth() -> None:
    old = [Thing("a", content="same"), Thing("b", content="other", x=3.0)]
    assert matched(old, [Thing("z", content="same", x=0.2)])[0] == {(0, 0, Method.CONTENT)}
    assert matched(old, [Thing("z", content="same", x=0.2, size=1.2)])[0] == set()
    assert matched(old, [Thing("z", content="same", x=2.0)]) == (set(), {(0, 0, Method.CONTENT)})


def test_elements_without_geometry_are_matched_by_words_that_stand_in_another_room() -> None:
    old = Thing("a", "1", x=None, content="lamp", room="1F 厨房")
    assert matched([old], [Thing("z", "1", x=None, content="lamp")])[0] == {(0, 0, Method.TAG)}
    assert matched([old], [Thing("z", "1", x=None, content="socket")]) == (set(), {(0, 0, Method.TAG)})
    assert matched([old], [Thing("z", None, x=None, content="lamp", room="1F 厨房")])[0] == {(0, 0, Method.CONTENT)}
    assert matched([old], [Thing("z", None, x=None, content="lamp", room="2F 厨房")]) == (set(), {(0, 0, Method.CONTENT)})


def test_a_position_number_given_to_another_slab_hands_over_its_defects() -> None:
    assert matched([A], [Thing("z", "1", x=30.0)]) == (set(), {(0, 0, Method.TAG)})


def test_a_tag_used_twice_decides() -> None:
    assert matched([A], [Thing("y", "1", x=0.9), Thing("z", "1", x=60.0)])[0] == set()


def test_a_global_id_that_moved_to_another_element_takes_its_defects_along() -> None:
    """Seen in Revit: in the second revision the column bears the slab's GlobalId."""
    slab, column = Thing("s", "02", kind="IfcSlab"), Thing("c", "95", x=20.0, kind="IfcColumn")
    takes = replace(column, guid="s")
    assert matched([column], [takes])[0] == {(0, 0, Method.TAG)}
    assert matched([column, slab], [takes]) == (set(), {(1, 0, Method.GLOBAL_ID), (0, 0, Method.TAG)})
    sure, doubtful = matched([A, B], [replace(A, guid="b"), replace(B, guid="a")])
    assert sure == set()
    assert doubtful >= {(0, 1, Method.GLOBAL_ID), (1, 0, Method.GLOBAL_ID)}


def test_one_of_two_layers_in_the_same_place_is_picked_by_chance() -> None:
    layers = [Thing("a", x=0.0), Thing("b", x=0.004)]
    sure, doubtful = matched(layers, [Thing("z", x=0.002)])
    assert sure == set()
    assert doubtful == {(0, 0, Method.BOX_10_MM), (1, 0, Method.BOX_10_MM)}
    assert matched([Thing("a", x=0.0), Thing("b", x=0.06)], [Thing("z", x=0.03)])[0] == set()


def test_an_element_that_waits_for_a_person_is_given_to_a_later_one() -> None:
    waiting = replace(A, reserved=True)
    assert matched([waiting], [drifted(A)]) == (set(), {(0, 0, Method.BOX_10_MM)})
    assert matched([waiting], [replace(A, file="other")])[0] == {(0, 0, Method.GLOBAL_ID)}


def test_an_element_that_grew_is_linked_unseen_or_not_shown_to_a_person() -> None:
    assert matched([A], [drifted(A, size=1.5)]) == (set(), {(0, 0, Method.OVERLAP)})


def test_a_heap_of_equal_things_takes_for_ever_or_is_guessed_at() -> None:
    heap = [Thing(str(number)) for number in range(3_000)]
    assert matched(heap, [drifted(thing) for thing in heap]) == (set(), set())


def test_words_are_told_apart_by_where_one_ends() -> None:
    assert content_of("ab", "c") != content_of("a", "bc")
    assert content_of("a", property_sets=["2", "1"]) == content_of("a", property_sets=["1", "2"])
    assert content_of(None, "") is None


# ------------------------------------------------------------------------------------------------ properties

THINGS = st.lists(
    st.builds(
        Thing,
        guid=st.sampled_from([None, *"abcdef"]),
        tag=st.sampled_from([None, *"1234"]),
        x=st.sampled_from([None, 0.0, 0.006, 0.03, 0.2, 5.0, 5.01, 40.0]),
        kind=st.sampled_from(["IfcWall", "IfcWallStandardCase", "IfcSlab"]),
        file=st.sampled_from(["model", "other"]),
        content=st.sampled_from([None, "p", "q"]),
        room=st.sampled_from([None, "r"]),
    ),
    max_size=8,
)


def pairs(found: Matching) -> tuple[set[Pair], set[Pair]]:
    return set(found.sure), set(found.doubtful)


@given(old=THINGS, new=THINGS)
def test_two_elements_become_one_or_one_becomes_two(old: list[Thing], new: list[Thing]) -> None:
    found = match(snapshots(*old), snapshots(*new))
    for side in ("old", "new"):
        taken = [getattr(pair, side) for pair in found.sure]
        assert len(taken) == len(set(taken))
        assert not {getattr(pair, side) for pair in found.doubtful} & set(taken)


@given(old=THINGS, new=THINGS)
def test_who_was_what_depends_on_which_revision_came_first(old: list[Thing], new: list[Thing]) -> None:
    forth, back = (match(snapshots(*one), snapshots(*other)) for one, other in ((old, new), (new, old)))
    turned = Matching(*(tuple(Pair(new=p.old, old=p.new, method=p.method, distance=p.distance) for p in side)
                        for side in (back.sure, back.doubtful)))  # fmt: skip
    assert pairs(forth) == pairs(turned)


@given(old=THINGS, new=THINGS, seed=st.integers(0, 99))
def test_who_was_what_depends_on_the_order_of_rows_in_a_file(old: list[Thing], new: list[Thing], seed: int) -> None:
    order = list(range(len(new)))
    Random(seed).shuffle(order)
    shuffled = match(snapshots(*old), snapshots(*(new[place] for place in order)))
    back = [{pair._replace(new=order[pair.new]) for pair in side} for side in pairs(shuffled)]
    assert pairs(match(snapshots(*old), snapshots(*new))) == tuple(back)
