"""A field map turns a source's words into ours; what it cannot use is kept with a reason that names no value."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from mappings.fields.compiler import FieldMap, load_field_map
from warranty_hub.errors import ConfigError
from warranty_hub.records.facts import FACTS

SHANGHAI = ZoneInfo("Asia/Shanghai")
PERSONAL = "13800138000"
CONTRACT: dict[str, Any] = {
    "table": "contract",
    "key": ["id"],
    "fields": {
        "contract_no": "no",
        "project_code": "project.code",
        "party_code": "party",
        "scope": {"constant": "屋面防水"},
        "retention_rate": {"path": "rate", "as": "percent"},
        "settlement_amount": {"path": "amount", "as": "amount"},
        "currency": {"constant": "CNY"},
    },
}
PARTY: dict[str, Any] = {
    "table": "party",
    "key": ["id"],
    "fields": {
        "code": "id",
        "name": "name",
        "role": {"path": "kind", "map": {"1": "GENERAL_CONTRACTOR", "2": "SUPPLIER"}},
    },
}


def compiled(folder: Path, content: dict[str, Any]) -> FieldMap:
    (folder / "try.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_field_map("try", SHANGHAI, folder)


def refusal(folder: Path, content: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        compiled(folder, content)
    return caught.value.message


def changed(content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**content, "fields": {**content["fields"], **fields}}


def contract(**values: Any) -> dict[str, Any]:
    good = {"id": 7, "no": "HT-7", "project": {"code": "P01"}, "party": "GC1", "rate": "3%", "amount": "1,234.50"}
    return {**good, **values}


def party(number: int, **values: Any) -> dict[str, Any]:
    return {"id": f"C{number}", "name": "华筑一局", "kind": "1", **values}


def only_row(field_map: FieldMap, record: dict[str, Any]) -> dict[str, Any]:
    mapped = field_map.apply([record])
    assert mapped.rejected == []
    return dict(zip(("source_id", *FACTS[field_map.table].model_fields), mapped.rows[0], strict=True))


def only_reason(field_map: FieldMap, record: dict[str, Any]) -> str:
    mapped = field_map.apply([record])
    assert mapped.rows == []
    return mapped.rejected[0].reason


def test_each_way_to_fill_a_field_gives_its_value_in_the_order_of_the_fact(tmp_path: Path) -> None:
    row = only_row(compiled(tmp_path, CONTRACT), contract())
    assert {name: str(value) for name, value in row.items()} == {
        "source_id": "7",
        "contract_no": "HT-7",
        "project_code": "P01",
        "party_code": "GC1",
        "scope": "屋面防水",
        "retention_rate": "0.03",
        "settlement_amount": "1234.50",
        "currency": "CNY",
    }


def test_the_order_in_which_the_yaml_names_its_fields_changes_nothing(tmp_path: Path) -> None:
    backwards = {**CONTRACT, "fields": dict(reversed(CONTRACT["fields"].items()))}
    assert only_row(compiled(tmp_path, backwards), contract()) == only_row(compiled(tmp_path, CONTRACT), contract())


@pytest.mark.parametrize("project", [None, "P01", [], {}])
def test_a_nested_path_that_ends_early_is_a_missing_value(tmp_path: Path, project: object) -> None:
    reason = only_reason(compiled(tmp_path, CONTRACT), contract(project=project))
    assert reason.startswith("project_code (source field project.code):")


def test_a_field_absent_from_the_record_is_null_where_null_is_allowed(tmp_path: Path) -> None:
    bare = contract()
    del bare["rate"], bare["amount"]
    row = only_row(compiled(tmp_path, CONTRACT), bare)
    assert (row["retention_rate"], row["settlement_amount"]) == (None, None)


def test_a_compound_key_joins_its_parts_and_one_missing_part_is_no_key(tmp_path: Path) -> None:
    field_map = compiled(tmp_path, {**CONTRACT, "key": ["project.code", "no"]})
    assert only_row(field_map, contract())["source_id"] == "P01/HT-7"
    for absent in (None, ""):
        (rejected,) = field_map.apply([contract(no=absent)]).rejected
        assert rejected.source_id is None
        assert rejected.reason == "source_id (source field project.code/no): the key is missing"


def test_a_zero_is_a_key(tmp_path: Path) -> None:
    assert only_row(compiled(tmp_path, CONTRACT), contract(id=0))["source_id"] == "0"


def test_a_time_without_a_zone_is_in_the_source_s_zone() -> None:
    field_map = load_field_map("fake_tickets", SHANGHAI, Path(__file__).parents[2] / "pipelines" / "maps")
    record = {"id": 1, "order_no": "WX1", "project": "P01", "description": "漏水", "level": 1, "created": "2025-01-01 08:00:00"}
    row = only_row(field_map, {**record, "updated": "2025-01-01T00:00:00Z"})
    assert row["reported_at"] == row["changed_at"] == datetime.fromisoformat("2025-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"no": {"phone": PERSONAL}}, "contract_no (source field no)"),
        ({"no": PERSONAL * 20}, "contract_no (source field no)"),
        ({"no": None}, "contract_no (source field no)"),
        ({"project": {"code": [PERSONAL]}}, "project_code (source field project.code)"),
        ({"rate": f"call {PERSONAL}"}, "retention_rate (source field rate)"),
        ({"rate": PERSONAL}, "retention_rate (source field rate)"),
        ({"amount": f"call {PERSONAL}"}, "settlement_amount (source field amount)"),
        ({"amount": {"phone": PERSONAL}}, "settlement_amount (source field amount)"),
        ({"amount": float(PERSONAL)}, "settlement_amount (source field amount)"),
        ({"amount": PERSONAL * 3}, "settlement_amount (source field amount)"),
    ],
)
def test_a_reason_names_field_and_source_but_never_the_value(tmp_path: Path, broken: dict[str, Any], field: str) -> None:
    reason = only_reason(compiled(tmp_path, CONTRACT), contract(**broken))
    assert reason.startswith(f"{field}: ")
    assert PERSONAL not in reason


def test_two_wrong_fields_are_both_named(tmp_path: Path) -> None:
    reason = only_reason(compiled(tmp_path, CONTRACT), contract(no=None, party=None))
    assert "contract_no" in reason
    assert "party_code" in reason


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_bad_record_costs_its_page_nothing_else(tmp_path: Path, position: int) -> None:
    records = [contract(id=n) for n in range(3)]
    records[position]["amount"] = "three"
    mapped = compiled(tmp_path, CONTRACT).apply(records)
    assert [row[0] for row in mapped.rows] == [str(n) for n in range(3) if n != position]
    (rejected,) = mapped.rejected
    assert (rejected.source_id, rejected.code, rejected.record) == (str(position), "HUB-400", records[position])


def test_an_unknown_code_becomes_unmapped_and_each_value_is_counted(tmp_path: Path) -> None:
    mapped = compiled(tmp_path, PARTY).apply([party(1), party(2, kind=2), party(3, kind="9"), party(4, kind=9)])
    assert [row[3] for row in mapped.rows] == ["GENERAL_CONTRACTOR", "SUPPLIER", "UNMAPPED", "UNMAPPED"]
    assert mapped.unmapped == {"role=9": 2}


def test_unknown_codes_are_counted_once_although_a_bad_record_makes_the_page_be_read_twice(tmp_path: Path) -> None:
    field_map = compiled(tmp_path, PARTY)
    assert field_map.apply([party(1, kind="9"), party(2, name=None)]).unmapped == {"role=9": 1}
    assert field_map.apply([party(1)]).unmapped == {}


def test_an_absent_code_is_missing_and_not_unknown(tmp_path: Path) -> None:
    mapped = compiled(tmp_path, PARTY).apply([party(1, kind=None)])
    assert mapped.unmapped == {}
    assert mapped.rejected[0].reason.startswith("role (source field kind): ")


def test_skipped_records_are_counted_by_the_first_rule_that_names_them(tmp_path: Path) -> None:
    rules = {"test_data": {"path": "name", "in": ["测试", "TEST"]}, "closed": {"path": "flags.closed", "in": [True]}}
    field_map = compiled(tmp_path, {**PARTY, "skip": rules})
    mapped = field_map.apply(
        [
            party(1),
            party(2, name="测试"),
            party(3, name="TEST", flags={"closed": True}),
            party(4, flags={"closed": True}),
            party(5, flags={"closed": False}),
        ]
    )
    assert [row[0] for row in mapped.rows] == ["C1", "C5"]
    assert mapped.skipped == {"test_data": 2, "closed": 1}


def test_a_record_that_is_skipped_may_be_broken(tmp_path: Path) -> None:
    mapped = compiled(tmp_path, {**PARTY, "skip": {"test_data": {"path": "id", "in": ["C1"]}}}).apply([party(1, name=None)])
    assert (mapped.rejected, mapped.skipped) == ([], {"test_data": 1})


@pytest.mark.parametrize("strange", [["测试"], {"text": "测试"}])
def test_a_skip_rule_that_meets_a_list_or_an_object_does_not_end_the_run(tmp_path: Path, strange: object) -> None:
    field_map = compiled(tmp_path, {**PARTY, "skip": {"test_data": {"path": "name", "in": ["测试"]}}})
    mapped = field_map.apply([party(1, name=strange), party(2)])
    assert [row[0] for row in mapped.rows] == ["C2"]
    assert mapped.rejected[0].source_id == "C1"


def test_of_several_copies_in_a_page_the_last_good_one_counts(tmp_path: Path) -> None:
    field_map = compiled(tmp_path, PARTY)
    mapped = field_map.apply([party(1, name="旧"), party(2), party(1, name="新"), party(1, name=None)])
    assert [(row[0], row[2]) for row in mapped.rows] == [("C2", "华筑一局"), ("C1", "新")]
    assert (mapped.superseded, len(mapped.rejected)) == (1, 1)


def test_every_record_of_a_page_is_accounted_for(tmp_path: Path) -> None:
    field_map = compiled(tmp_path, {**PARTY, "skip": {"test_data": {"path": "name", "in": ["测试"]}}})
    records = [party(1), party(1), party(2, name="测试"), party(3, name=None), party(4, id=None), party(5)]
    mapped = field_map.apply(records)
    assert len(mapped.rows) + len(mapped.rejected) + mapped.superseded + mapped.skipped.total() == len(records)


def test_an_empty_page_is_an_empty_answer(tmp_path: Path) -> None:
    mapped = compiled(tmp_path, PARTY).apply([])
    assert (mapped.rows, mapped.rejected, mapped.superseded) == ([], [], 0)


def test_every_mistake_of_a_field_map_is_told_at_once_with_its_file(tmp_path: Path) -> None:
    broken = changed(
        CONTRACT,
        contract_nr="no",
        party_code={"path": ["a", "b"]},
        scope={},
        settlement_amount={"path": "amount", "as": "money"},
    )
    del broken["fields"]["contract_no"]
    message = refusal(tmp_path, broken)
    assert message.startswith("try.yaml: ")
    for mistake in (
        "field 'contract_no' is missing",
        "field 'contract_nr' does not exist in contract",
        "party_code: several paths need a transform",
        "scope: needs a path or a constant",
        "settlement_amount: transform 'money' does not exist; known are amount",
    ):
        assert mistake in message


@pytest.mark.parametrize(
    ("field", "rule", "mistake"),
    [
        ("settlement_amount", {"path": "amount", "as": "sap_signed_amount"}, "takes 2 paths, not 1"),
        ("settlement_amount", {"path": ["amount", "side"], "as": "amount"}, "takes 1 path, not 2"),
        ("settlement_amount", {"path": "x", "as": "model_point"}, "takes 2 or 3 paths, not 1"),
        ("currency", {"constant": "RMB元"}, "'RMB元' cannot stand here: "),
        ("project_code", {"constant": None}, "None cannot stand here: "),
        ("party_code", {"path": "party", "as": "text", "map": {"1": "GC1"}}, "either"),
        ("party_code", {"path": "party", "constant": "GC1"}, "either"),
    ],
)
def test_a_rule_that_would_reject_every_record_is_told_when_the_map_is_loaded(
    tmp_path: Path, field: str, rule: dict[str, Any], mistake: str
) -> None:
    message = refusal(tmp_path, changed(CONTRACT, **{field: rule}))
    assert message.startswith(f"try.yaml: {field}: ")
    assert mistake in message


def test_a_code_that_we_do_not_have_is_told_when_the_map_is_loaded(tmp_path: Path) -> None:
    message = refusal(tmp_path, changed(PARTY, role={"path": "kind", "map": {"1": "BUILDER", "2": "SUPPLIER"}}))
    assert message.startswith("try.yaml: role: 'BUILDER'")
    assert "SUBCONTRACTOR" in message


def test_an_unknown_table_is_told_with_the_known_ones(tmp_path: Path) -> None:
    assert "table 'tikcet' does not exist; it is one of approval" in refusal(tmp_path, {**PARTY, "table": "tikcet"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({**PARTY, "keys": ["id"]}, "keys: "),
        ({**PARTY, "key": []}, "key: "),
        (changed(PARTY, code={"pth": "id"}), "fields.code.pth: "),
        ({"table": "party", "key": ["id"]}, "fields: "),
        ({**PARTY, "skip": {"closed": {"path": "state"}}}, "skip.closed.in: "),
        (changed(PARTY, role={"path": "kind", "map": {1: "SUPPLIER"}}), "fields.role.map.1"),
    ],
)
def test_a_misspelt_word_is_told_with_file_and_place(tmp_path: Path, content: dict[str, Any], told: str) -> None:
    message = refusal(tmp_path, content)
    assert message.startswith("try.yaml: ")
    assert told in message


def test_a_field_that_is_filled_twice_is_told_with_its_line(tmp_path: Path) -> None:
    text = yaml.safe_dump(PARTY, sort_keys=False) + "key: [name]\n"
    (tmp_path / "try.yaml").write_text(text)
    with pytest.raises(ConfigError, match=f"line {len(text.splitlines())}: key stands here a second time"):
        load_field_map("try", SHANGHAI, tmp_path)


@pytest.mark.parametrize("text", ["", "- a list", "table: [party", "table: party\n\tkey: [id]"])
def test_a_file_that_is_no_field_map_is_told_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "try.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"try\.yaml"):
        load_field_map("try", SHANGHAI, tmp_path)


def test_a_file_saved_in_a_chinese_legacy_encoding_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "try.yaml").write_bytes("# 字段映射\ntable: party".encode("gb18030"))
    with pytest.raises(ConfigError, match=r"try\.yaml is not UTF-8"):
        load_field_map("try", SHANGHAI, tmp_path)


def test_a_map_that_does_not_exist_says_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'nothing' does not exist") as caught:
        load_field_map("nothing", SHANGHAI, tmp_path)
    assert str(tmp_path / "nothing.yaml") in caught.value.remedy
