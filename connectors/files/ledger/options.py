"""What hub.yaml says of a ledger."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from connectors.options import Options
from warranty_hub.settings import ZoneName

PLACE = ("file", "sheet", "row", "cells", "row_kind", "saved_at")
"""What every record carries beside its columns; `cells` tells the column letter of each."""


class LedgerColumn(Options):
    """A column as people head it."""

    headers: tuple[str, ...] = Field(
        min_length=1, description="What people call it; white space and (万元) behind do not matter"
    )
    kind: Literal["text", "code", "time", "amount"] = Field(
        "text",
        description="`code`: full-width forms made narrow; `time`: Excel's serial dates too; `amount`: with its 万元 or 元",
    )
    optional: bool = Field(False, description="Whether a sheet may be without it")


class LedgerStream(Options):
    """One kind of ledger."""

    files: tuple[str, ...] = Field(("*.xls*", "*.csv"), min_length=1, description="Patterns of file names below the folder")
    columns: dict[str, LedgerColumn] = Field(min_length=1, description="Our name of each column → its headers")
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify a record")
    character_set: str | None = Field(None, description="Of CSV files without a mark; default UTF-8, else GB18030")
    totals: tuple[str, ...] = Field(
        ("合计", "总计", "小计", "共计"), description="How the first cell of a total row begins or ends"
    )
    read_all: bool = Field(False, description="Read every file every time, for stores that keep old times of new files")
    sweepable: bool = Field(False, description="Whether the folder holds every record, so that a missing one was deleted")

    @field_validator("columns", mode="before")
    @classmethod
    def _headers_alone(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"headers": column} if isinstance(column, list | tuple) else column for name, column in value.items()}

    @model_validator(mode="after")
    def _fits(self) -> "LedgerStream":
        if unknown := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"key {', '.join(unknown)} is none of its columns")
        if taken := [name for name in self.columns if name in PLACE]:
            raise ValueError(f"column {', '.join(taken)} is the connector's own word; take another")
        return self


class LedgerOptions(Options):
    """The options of a source of system ``ledger``."""

    zone: ZoneName
    streams: dict[str, LedgerStream] = Field(min_length=1)
