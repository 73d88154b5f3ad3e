"""An element loses its key, takes another's, or a person's decision is forgotten."""

import itertools
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from tests.pipelines.revisions import Part, Site, site
from tests.pipelines.test_models import hub_of, rows
from warranty_hub.errors import ConfigError, DecisionRefusedError
from warranty_hub.pipelines import identity
from warranty_hub.pipelines.element_review import Decision, decide, linked_pairs, open_pairs
from warranty_hub.records.codes import Verdict

WALL, FAR = Part("wall", 0.0), Part("far", 50.0)


@pytest.fixture
def here(warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return site(warehouse, tmp_path, monkeypatch)


def say(here: Site, verdict: Verdict, match_id: int, reason: str = "看过现场") -> bool:
    return decide(here.hub, Decision(match_id, verdict, "王工", reason))


# ------------------------------------------------------------------------------------------------ revisions


def test_an_element_whose_global_id_drifts_twice_and_comes_back_loses_its_key(here: Site) -> None:
    here.arrives(WALL, FAR)
    key = here.keys()["wall"]
    assert here.arrives(Part("drift", 0.004), FAR).details["by_box_10_mm"] == 1
    assert here.keys()["drift"] == key
    here.arrives(Part("again", 0.03), FAR)
    assert here.keys()["again"] == key
    here.arrives(Part("drift", 0.004), FAR)
    assert here.keys()["drift"] == key
    here.arrives(WALL, FAR)
    assert here.keys()["wall"] == key


@pytest.mark.parametrize("many", [0, identity.MANY])
def test_what_a_revision_adds_removes_and_brings_back_is_not_told(
    here: Site, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(identity, "MANY", many)
    assert "added" not in here.arrives(WALL, FAR).details
    assert {"removed": 1, "added": 1}.items() <= here.arrives(WALL, Part("new", 9.0)).details.items()
    assert {"returned": 1, "removed": 1}.items() <= here.arrives(WALL, Part("other", 50.0)).details.items()
    changes = rows(here.hub, "SELECT change, count(*) AS n FROM hub.element_change GROUP BY 1")
    assert {row["change"]: row["n"] for row in changes} == {"ADDED": 1, "REMOVED": 2, "RETURNED": 1}


def test_a_wall_cut_in_two_is_not_told_or_linked_by_chance(here: Site) -> None:
    here.arrives(Part("long", 0.0, size=2.0), FAR)
    assert here.arrives(Part("left", 0.0), Part("right", 1.0), FAR).details["split"] == 1
    assert not set(here.keys().values()) & {
        row["same_as"] for row in rows(here.hub, "SELECT same_as FROM hub.bim_element WHERE guid = 'long'")
    }


def test_two_walls_joined_are_not_told(here: Site) -> None:
    here.arrives(Part("left", 0.0), Part("right", 1.0), FAR)
    assert here.arrives(Part("whole", 0.0, size=2.0), FAR).details["merged"] == 2


def test_one_file_split_into_several_loses_what_was_known_of_its_elements(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site(warehouse, tmp_path, monkeypatch, "all")
    before.arrives(WALL, FAR, Part("mid", 20.0), model="all")
    keys = before.keys("all")
    after = site(warehouse, tmp_path, monkeypatch, "one", "two")
    after.arrives(WALL, model="one")
    after.arrives(FAR, Part("drift", 20.0), model="two")
    assert after.keys("one") | after.keys("two") == {"wall": keys["wall"], "far": keys["far"], "drift": keys["mid"]}


def test_a_tower_built_alike_takes_the_keys_of_one_that_is_gone(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site(warehouse, tmp_path, monkeypatch, "three")
    before.arrives(WALL, model="three")
    other = hub_of(warehouse, five={"file": str(tmp_path / "five.ifc"), "building": "5"})
    five = Site(other, tmp_path)
    five.arrives(WALL, model="five")
    assert five.keys("five")["wall"] not in {
        row["element_key"] for row in rows(other, "SELECT element_key FROM hub.bim_element WHERE model_id = 'three'")
    }


def test_of_two_with_one_global_id_the_one_that_stays_inherits_from_the_one_that_goes(here: Site) -> None:
    one, two = Part("twin", 0.0, tag="1"), Part("twin", 9.0, tag="2")
    here.arrives(replace_guid(one, "first"), FAR)
    first = here.keys()["first"]
    here.arrives(one, two, FAR)
    keys = {row["tag"]: row["element_key"] for row in rows(here.hub, CURRENT)}
    assert keys["1"] == first
    here.arrives(two, FAR)
    assert here.keys()["twin"] == keys["2"]
    here.arrives(two, FAR, Part("new", 70.0))
    assert here.keys()["twin"] == keys["2"]


CURRENT = (
    """SELECT tag, element_key FROM hub.bim_element_revision JOIN hub.bim_revision r USING (revision_id) WHERE r.current"""
)


def replace_guid(part: Part, guid: str) -> Part:
    return Part(guid, part.x, part.tag, part.kind, part.size, part.name)


def test_walls_that_exchange_their_global_ids_exchange_their_defects(here: Site) -> None:
    here.arrives(Part("a", 0.0, "1"), Part("b", 9.0, "2"))
    old = here.keys()
    here.arrives(Part("b", 0.0, "1"), Part("a", 9.0, "2"))
    assert not set(here.keys().values()) & set(old.values())
    assert len(open_pairs(here.hub)) == 4
    here.arrives(Part("b", 0.0, "1"), Part("a", 9.0, "2"), FAR)
    assert not set(here.keys().values()) & set(old.values())
    here.arrives(Part("a", 0.0, "1"), Part("b", 9.0, "2"))
    assert here.keys() == old


def test_two_that_were_taken_for_one_stay_one_when_a_file_shows_both(here: Site) -> None:
    here.arrives(WALL, FAR)
    key = here.keys()["wall"]
    here.arrives(Part("drift", 0.004), FAR)
    here.arrives(Part("drift", 0.004), WALL, FAR)
    keys = here.keys()
    assert keys["wall"] == key
    assert keys["drift"] != key
    here.arrives(Part("drift", 0.004), FAR)
    assert here.keys()["drift"] == keys["drift"]


# ------------------------------------------------------------------------------------------------ decisions


def doubtful(here: Site) -> list[int]:
    """Two walls side by side where there was one; which of the two is it?"""
    here.arrives(WALL, FAR)
    here.arrives(Part("left", -0.004), Part("right", 0.004), FAR)
    return [pair.match_id for pair in sorted(open_pairs(here.hub), key=lambda pair: pair.new.box or ())]


def test_a_decision_is_forgotten_by_a_re_run_a_newer_revision_or_an_older_one(here: Site) -> None:
    here.arrives(WALL, FAR)
    key = here.keys()["wall"]
    left, right = doubtful(here)
    assert say(here, Verdict.SAME, right)
    assert not say(here, Verdict.SAME, right)
    assert not open_pairs(here.hub)
    for parts in (
        (Part("left", -0.004), Part("right", 0.004), FAR),
        (Part("left", -0.004), Part("drift", 0.053), FAR),
        (WALL, FAR),
    ):
        here.arrives(*parts)
        assert key in here.keys().values()
        assert here.keys().get("left") != key
    with pytest.raises(DecisionRefusedError, match="cannot be the same"):
        say(here, Verdict.SAME, left)


def test_a_rejected_pair_is_linked_or_asked_again(here: Site) -> None:
    left, right = doubtful(here)
    say(here, Verdict.DIFFERENT, left)
    assert [pair.match_id for pair in open_pairs(here.hub)] == [right]
    here.arrives(Part("left", -0.004), Part("right", 0.004), FAR, Part("new", 9.0))
    assert [pair.match_id for pair in open_pairs(here.hub)] == [right]


def test_a_link_made_by_itself_cannot_be_undone_by_a_person(here: Site) -> None:
    here.arrives(WALL, FAR)
    key = here.keys()["wall"]
    here.arrives(Part("drift", 0.004), FAR)
    (pair,) = linked_pairs(here.hub)
    say(here, Verdict.DIFFERENT, pair.match_id)
    assert here.keys()["drift"] != key
    here.arrives(Part("drift", 0.004), FAR, Part("new", 9.0))
    assert here.keys()["drift"] != key
    say(here, Verdict.SAME, pair.match_id, "错了")
    assert here.keys()["drift"] == key


def test_a_decision_counts_only_for_revisions_that_come_after_it(here: Site) -> None:
    here.arrives(WALL, FAR)
    key = here.keys()["wall"]
    _, right = doubtful(here)
    here.arrives(Part("left", -0.004), Part("drift", 0.053), FAR)
    say(here, Verdict.SAME, right)
    assert here.keys()["drift"] == key


def test_a_decision_that_contradicts_a_file_is_taken_or_leaves_half_of_it_behind(here: Site) -> None:
    left, right = doubtful(here)
    here.arrives(Part("left", -0.004), Part("right", 0.004), WALL, FAR)
    before = rows(here.hub, "SELECT element_key, same_as FROM hub.bim_element ORDER BY 1")
    for pair in (left, right):
        with pytest.raises(DecisionRefusedError, match=r"both stand in model\.ifc"):
            say(here, Verdict.SAME, pair)
    assert rows(here.hub, "SELECT element_key, same_as FROM hub.bim_element ORDER BY 1") == before
    assert not rows(here.hub, "SELECT * FROM hub.element_decision")


def test_a_pair_that_does_not_exist_ends_in_a_traceback(here: Site) -> None:
    with pytest.raises(ConfigError, match="no pair 99"):
        say(here, Verdict.SAME, 99)


def test_old_and_new_are_not_seen_side_by_side(here: Site) -> None:
    doubtful(here)
    pairs = open_pairs(here.hub, "P03")
    assert {(pair.old.guid, pair.new.guid, pair.method) for pair in pairs} == {
        ("wall", guid, "BOX_10_MM") for guid in ("left", "right")
    }
    assert all(pair.old.room == "1F" and pair.distance == 0.004 for pair in pairs)
    assert open_pairs(here.hub, "P99") == []


def test_the_order_of_two_revisions_decides_who_is_who(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (Part("a", 0.0, "1"), Part("b", 9.0), Part("c", 20.0), FAR)
    new = (Part("p", 0.3, "1"), Part("q", 9.04), Part("r", 40.0), FAR)
    for number, order in enumerate(itertools.permutations((old, new))):
        (tmp_path / str(number)).mkdir()
        here = site(warehouse, tmp_path / str(number), monkeypatch, f"model{number}")
        seen: dict[str | None, object] = {}
        for parts in (*order, *order, order[0]):
            here.arrives(*parts, model=f"model{number}")
            keys = here.keys(f"model{number}")
            assert all(seen.get(guid, key) == key for guid, key in keys.items())
            seen |= keys
        assert seen["a"] == seen["p"]
        assert seen["b"] == seen["q"]
        assert len(set(seen.values())) == 5


@pytest.mark.parametrize("seed", range(6))
def test_a_decision_or_a_key_is_lost_in_whatever_order_things_happen(here: Site, seed: int) -> None:
    chance = Random(seed)
    revisions = [_revision(chance, name) for name in "abc"]
    for parts in chance.sample([*revisions, *revisions], 6):
        here.arrives(*parts)
        for pair in open_pairs(here.hub):
            if chance.random() < 0.5:
                _try(here, chance.choice(list(Verdict)), pair.match_id)
    _decisions_hold(here)
    settled = rows(here.hub, KEYS)
    for parts in chance.choices(revisions, k=5):
        here.arrives(*parts)
    assert rows(here.hub, KEYS) == settled
    _decisions_hold(here)


KEYS = "SELECT element_key, same_as FROM hub.bim_element ORDER BY 1"


def _revision(chance: Random, name: str) -> list[Part]:
    """Walls that stand nearly where those of the other revisions stand, under GlobalIds some of which are theirs."""
    spots = (0.0, 0.004, 0.03, 5.0, 5.3, 9.0)
    return [
        Part(
            f"{chance.choice([name, 'x'])}{number}", spot + chance.choice((0, 0.003, 0.02)), chance.choice((None, str(number)))
        )
        for number, spot in enumerate(spots)
        if chance.random() < 0.8
    ]


def _try(here: Site, verdict: Verdict, match_id: int) -> None:
    with suppress(DecisionRefusedError):
        say(here, verdict, match_id)


def _decisions_hold(here: Site) -> None:
    """But where a file shows both: then they are two, whoever said what."""
    query = """SELECT d.verdict, n.same_as = o.same_as AS one, EXISTS (
            SELECT FROM hub.bim_element_revision i JOIN hub.bim_element_revision j USING (revision_id)
            JOIN hub.bim_element a ON a.element_key = i.own_key JOIN hub.bim_element b ON b.element_key = j.own_key
            WHERE i.own_key <> j.own_key AND a.same_as IN (n.same_as, o.same_as)
              AND b.same_as IN (n.same_as, o.same_as)) AS both
        FROM hub.element_decision d JOIN hub.bim_element n ON n.element_key = d.new_key
        JOIN hub.bim_element o ON o.element_key = d.old_key"""
    for decided in rows(here.hub, query):
        assert decided["one"] == (decided["verdict"] == "SAME") or decided["both"]
