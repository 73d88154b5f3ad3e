"""A set of lines that is too large for one statement is worked on whole, and each line once."""

import pytest
from sqlalchemy import Engine

from warranty_hub.pipelines import cost_keys
from warranty_hub.pipelines.cost_keys import Lines


def test_a_line_is_left_out_or_comes_twice_where_one_portion_ends(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_keys, "CHUNK", 3)
    keys = [(system, f"{number}/1") for system in ("kingdee", "sap") for number in (1, 10, 2, "飘窗")]
    with warehouse.begin() as db:
        lines = Lines(db, "touched_line")
        lines.add(keys[5:])
        lines.add(keys[:6])
        lines.add([])
        assert [list(portion) for portion in lines.portions()] == [keys[:3], keys[3:6], keys[6:]]
        assert lines.count() == len(keys)
        lines.drop()
        assert list(Lines(db, "touched_line").portions()) == [], (
            "a second rollup in one transaction finds the lines of the first"
        )
