"""Tables as Parquet files."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warranty_hub.reports.table import Column, Kind, Row

CHUNK = 10_000


def write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write a Parquet file: amounts decimal128(23, 6), counts int32, the rest strings; titles as metadata of the fields."""
    schema = pa.schema([pa.field(item.name, _ARROW[item.kind], metadata={"zh": item.zh, "en": item.en}) for item in columns])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            arrays = [pa.array(values, field.type) for values, field in zip(zip(*batch, strict=True), schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


_ARROW = {Kind.TEXT: pa.string(), Kind.COUNT: pa.int32(), Kind.MONEY: pa.decimal128(23, 6)}


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch
