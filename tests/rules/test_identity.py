"""Which keys are one element depends on how often or in which order something was said, or joins what must stay apart."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from warranty_hub.rules.identity import elements_of_keys

KEYS = [UUID(int=number) for number in range(6)]
PAIRS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)).filter(lambda pair: pair[0] != pair[1]), max_size=8)


@given(links=PAIRS, apart=PAIRS)
def test_what_is_apart_becomes_one_or_an_element_has_no_key_of_its_own(
    links: list[tuple[UUID, UUID]], apart: list[tuple[UUID, UUID]]
) -> None:
    elements = elements_of_keys(KEYS, links, apart)
    assert set(elements) == set(KEYS)
    assert all(elements[element] == element for element in elements.values())
    assert all(elements[one] != elements[other] for one, other in apart)


@given(links=PAIRS, apart=PAIRS)
def test_saying_it_again_changes_who_is_who(links: list[tuple[UUID, UUID]], apart: list[tuple[UUID, UUID]]) -> None:
    once = elements_of_keys(KEYS, links, apart)
    assert elements_of_keys(KEYS, [*links, *links], [*apart, *reversed(apart)]) == once


def test_the_weightiest_evidence_is_overruled_by_a_later_one() -> None:
    a, b, c, *_ = KEYS
    assert elements_of_keys([a, b, c], [(c, a), (c, b)], [])[c] == a
    assert elements_of_keys([a, b, c], [(b, a), (c, b)], [(c, a)])[c] == c
