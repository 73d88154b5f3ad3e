"""Reads an IFC file into a `ModelIndex`, without its geometry.

The parsing happens in a child process (`connectors.bim.worker`): damaged files and want of memory end the child, not us, and
the memory of a large model is given back when it ends.
"""

import gc
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from connectors.bim.shapes import ModelIndex
from connectors.bim.step_file import plain_step_file
from connectors.bim.worker import Limits, run_limited
from warranty_hub.errors import RefusedModelError

GEOMETRY = "IfcRepresentationItem"
NEWER_EXPORTER = "Export the model again, with a newer version of the exporter if it repeats."
LIMITS = Limits(timeout_s=1800, memory_mb=8192)  # measured: 6 times the file's size in memory, 8 MB/s and faster


def read_model(path: Path, limits: Limits = LIMITS) -> ModelIndex:
    """Index a model file (.ifc of IFC2X3, IFC4 or IFC4X3, or one such file in an .ifczip).

    Raises RefusedModelError, saying why and what to do, for a file that is no IFC file, empty, cut off, of another schema,
    with a syntax error, or too much for the limits.
    """
    with plain_step_file(path) as step, TemporaryDirectory(prefix="ifc-index-") as folder:
        target = Path(folder) / "index"
        ending = run_limited(write_index, [str(step.path), path.name, step.raw_encoding or "", str(target)], limits)
        if ending is not None:
            raise RefusedModelError(
                f"{path.name} could not be indexed: {ending}",
                remedy="Export the model again or split it by building or discipline; a larger limit may help a large model.",
            )
        return msgspec.msgpack.decode(target.read_bytes(), type=ModelIndex)


def write_index(step: str, name: str, raw_encoding: str, target: str) -> None:
    """What the child process does: index the file and leave the result in ``target``."""
    from ifcopenshell.ifcopenshell_wrapper import entity_instance

    from connectors.bim.indexing import index_model

    # This process only reads. ifcopenshell's own guard is Python, and is asked for every entity that is met, millions of times.
    entity_instance.__setattr__ = object.__setattr__  # type: ignore[method-assign]
    gc.disable()  # the process ends with this; looking for circles among millions of objects takes a tenth of its time
    model, log = open_step(Path(step), name, skip=[GEOMETRY])
    Path(target).write_bytes(msgspec.msgpack.encode(index_model(model, log, raw_encoding)))


def open_step(step: Path, name: str, skip: Sequence[str] = ()) -> tuple[Any, str]:
    """An ifcopenshell model without the classes to skip, and what the parser complained of; for child processes.

    Raises RefusedModelError with the file's name, also for what the parser refuses.
    """
    import ifcopenshell

    try:
        model = ifcopenshell.open(step, format=".ifc", bypass_types=list(skip))
    except ifcopenshell.SchemaError as error:
        raise _unknown_schema(step, name) from error
    except (ifcopenshell.Error, OSError) as error:
        raise _syntax_error(step, name, ifcopenshell.get_log() or str(error)) from error
    log = ifcopenshell.get_log()
    if "Entity with name 'ENDSEC'" in log:
        raise _unclosed(name, log)
    return model, log


def _unknown_schema(step: Path, name: str) -> RefusedModelError:
    with step.open("rb") as file:
        found = re.search(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", file.read(1 << 16))
    schema = found[1].decode("ascii", "replace") if found else "unknown"
    remedy = "Export the model again as IFC2X3, IFC4 or IFC4X3."
    if schema.upper().startswith("IFC2X"):
        remedy += (
            f" If nobody can: IFC2X3 is the successor of {schema}, so change the name in FILE_SCHEMA, at the head of a copy,"
            " to IFC2X3 with a text editor and compare the counts."
        )
    return RefusedModelError(f"{name} is written in the schema {schema}, which cannot be read", remedy=remedy)


def _unclosed(name: str, log: str) -> RefusedModelError:
    """Behind a parenthesis that nothing closes the parser takes all there is, the end included, for arguments."""
    found = re.search(r"found \d+ for instance (#\d+)", log)
    where = f", most likely in instance {found[1]}" if found else ""
    return RefusedModelError(
        f"{name} has a syntax error (a parenthesis is not closed{where}): the rest of the file would be lost",
        remedy=NEWER_EXPORTER,
    )


def _syntax_error(step: Path, name: str, log: str) -> RefusedModelError:
    """The parser tells an offset; people look up lines."""
    what = next((line.split("] ")[-1] for line in log.splitlines() if line.startswith("[error]")), log.strip())
    offset = re.search(r"at offset (\d+)", what)
    if offset:
        with step.open("rb") as file:
            line = file.read(int(offset[1])).count(b"\n") + 1
        what = f"line {line}: {what[: offset.start()].strip()}"
    return RefusedModelError(f"{name} has a syntax error ({what})", remedy=NEWER_EXPORTER)
