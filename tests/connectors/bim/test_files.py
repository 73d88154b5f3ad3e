"""From a file as people send it to an index: texts are right, and what cannot be used is refused with a reason and a remedy."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.bim import step_file
from connectors.bim.ifc import read_model
from connectors.bim.worker import Limits
from tests.connectors.bim.small import SCHEMAS, SmallModel
from warranty_hub.errors import RefusedModelError

HEAD = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('','',(''),(''),'','',$);
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
"""
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"
GUID = "0YvctVUKr0kugbFTf53O9L"
STOREY = f"#1=IFCBUILDINGSTOREY('{GUID}',$,'{{}}',$,$,$,$,$,.ELEMENT.,0.);\n"


def step(*lines: str) -> str:
    return "".join((HEAD, *lines, TAIL))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def refusal(path: Path) -> RefusedModelError:
    with pytest.raises(RefusedModelError) as caught:
        read_model(path)
    assert path.name in caught.value.message
    assert "/tmp" not in str(caught.value)  # nobody can do anything about our temporary file
    return caught.value


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_written_model_differs_from_its_index(schema: str, tmp_path: Path) -> None:
    model = SmallModel(schema)
    room = model.part("IfcSpace", "1-201-主卧", of=model.first, LongName="主卧")
    wall = model.content("IfcWall", "外墙 ①", of=model.first, Tag="146885", **model.box((0, 0, 0), (5000, 200, 2800)))
    model.relate("IfcRelSpaceBoundary", RelatingSpace=room, RelatedBuildingElement=wall)
    index = read_model(model.write(tmp_path / "3号楼.ifc"))
    assert [(row.name, row.long_name, row.storey_step) for row in index.spaces] == [("1-201-主卧", "主卧", model.first.id())]
    assert [(row.guid, row.name, row.tag) for row in index.elements] == [(wall.GlobalId, "外墙 ①", "146885")]
    assert index.relations == ((room.id(), wall.id(), "boundary"),)
    assert "ELEMENTS_WITHOUT_GEOMETRY" not in {finding.code for finding in index.findings}


@pytest.mark.parametrize(
    ("encoding", "name", "told"),
    [
        ("utf-8", "三层 主楼", "utf-8-sig"),
        ("utf-8-sig", "三层", "utf-8-sig"),
        ("gbk", "三层（标准层）", "gb18030"),
        ("cp1252", "Küche", "cp1252"),
        ("ascii", "3F", None),
    ],
)
def test_a_name_written_against_the_standard_becomes_empty(encoding: str, name: str, told: str | None, tmp_path: Path) -> None:
    path = written(tmp_path / "a.ifc", step(STOREY.format(name)).encode(encoding))
    index = read_model(path)
    assert [row.name for row in index.storeys] == [name]
    assert [finding.message_en for finding in index.findings if finding.code == "RAW_TEXT"] == (
        [f"Texts are written in {told}, against the standard: check that names are right."] if told else []
    )


def test_a_character_cut_in_two_by_reading_in_pieces_is_garbled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storeys = "".join(f"#{number}=IFCBUILDINGSTOREY('{number}',$,'三层',$,$,$,$,$,.ELEMENT.,0.);\n" for number in range(1, 40))
    content = step(storeys).encode("gbk")
    monkeypatch.setattr(step_file, "CHUNK", content.index("三".encode("gbk")) + 1)
    index = read_model(written(tmp_path / "a.ifc", content))
    assert [row.name for row in index.storeys] == ["三层"] * 39


def test_encoded_text_is_shown_as_codes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ifc", step(STOREY.format("\\X2\\4E095C42\\X0\\ ''A''")).encode())
    assert [row.name for row in read_model(path).storeys] == ["三层 'A'"]


def test_an_object_of_an_unknown_class_vanishes_in_silence(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ifc", step(STOREY.format("1F"), "#2=IFCTIMEMACHINE('x',$);\n").encode())
    told = {finding.code: finding.message_en for finding in read_model(path).findings}
    assert "IFCTIMEMACHINE" in told["UNKNOWN_CLASSES"].upper()


# ------------------------------------------------------------------------------------------------ zipped


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return path


def test_a_zipped_model_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.IFCZIP", **{"模型/a.IFC": step(STOREY.format("1F")).encode(), "readme.txt": b"x"})
    assert [row.name for row in read_model(path).storeys] == ["1F"]


def test_several_models_in_one_archive_are_mixed_up(tmp_path: Path) -> None:
    assert "2 .ifc files" in refusal(zipped(tmp_path / "a.ifczip", **{"a.ifc": b"", "b.ifc": b""})).message


def test_a_zip_bomb_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_file, "MAX_UNPACKED", 1 << 20)
    assert "unpacks to more" in refusal(zipped(tmp_path / "a.ifczip", **{"a.ifc": b"0" * (1 << 22)})).message


def test_a_bomb_is_unpacked_until_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_file, "HARMLESS", 1 << 20)
    monkeypatch.setattr(step_file, "_copy_limited", None)
    assert "no model packs so well" in refusal(zipped(tmp_path / "a.ifczip", **{"a.ifc": b"0" * (1 << 22)})).message


@pytest.mark.parametrize(("part", "damaged"), [("三".encode(), b"\xff\xff\xff"), (b"PK\x05\x06", b"PK\x00\x00")])
def test_a_damaged_archive_ends_in_a_traceback(part: bytes, damaged: bytes, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.ifczip", **{"三层.ifc": step(STOREY.format("1F") * 500).encode()})
    assert part in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(part, damaged))
    assert "cannot be unpacked" in refusal(path).message


# ------------------------------------------------------------------------------------------------ refused


def good_model(tmp_path: Path) -> bytes:
    return SmallModel("IFC4").write(tmp_path / "good.ifc").read_bytes()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b" \r\n", "is empty"),
        (lambda good: good[: len(good) * 2 // 3], "is cut off"),
        (lambda good: good + b"\0" * 5000, "is cut off"),
        (lambda _: b"PK\x03\x04....", "a zip archive"),
        (gzip.compress, "a gzip archive"),
        (lambda _: b"\xef\xbb\xbf<?xml version='1.0'?><ifcXML/>", "XML"),
        (lambda _: b'{"type": "ifcJSON"}', "JSON"),
        (lambda _: b"Autodesk Revit", "does not begin with ISO-10303-21"),
        (lambda good: good.replace(b"'IFC4'", b"'IFC2X_FINAL'"), "schema IFC2X_FINAL"),
        (lambda good: good.replace(b"'IFC4'", b"'AUTOMOTIVE_DESIGN'"), "schema AUTOMOTIVE_DESIGN"),
        (
            lambda good: good.replace(b"DATA;", b"DATA;\n#9999=IFCWALL('x',(;"),
            "parenthesis is not closed, most likely in instance #",
        ),
    ],
    ids=range(12),
)
def test_a_useless_file_is_not_explained(damage: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "模型.ifc", damage(good_model(tmp_path))))
    assert reason in error.message
    assert error.remedy


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["1F", "一层"])
def test_the_line_of_a_syntax_error_is_not_the_one_that_an_editor_shows(ending: str, name: str, tmp_path: Path) -> None:
    lines = step(STOREY.format(name), "#2=IFCWALL(1.E400);\n").splitlines()
    number = lines.index("#2=IFCWALL(1.E400);") + 1
    assert f"(line {number}: token 1.E400)" in refusal(written(tmp_path / "a.ifc", ending.join(lines).encode())).message


def test_a_model_too_large_for_the_limits_holds_up_the_run(tmp_path: Path) -> None:
    path = SmallModel("IFC4").write(tmp_path / "大.ifc")
    with pytest.raises(RefusedModelError, match=r"大\.ifc could not be indexed: the time limit of 0\.05 s") as caught:
        read_model(path, Limits(timeout_s=0.05, memory_mb=8192))
    assert "split it" in caught.value.remedy
