"""The payloads that an ERP's sinks perform: what each of them checks before it calls anything."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.contract import OutboxItem
from warranty_hub.errors import BusinessError, ConfigError
from warranty_hub.records.effects import POST_JOURNAL, REFER_ORDER, JournalEntry, OrderReference

Payload = TypeVar("Payload", bound=BaseModel)


def entry_of(item: OutboxItem, system: str) -> JournalEntry:
    """The entry of a ``post_journal``. Errors as in `payload_of`."""
    return payload_of(item, POST_JOURNAL, JournalEntry, system)


def reference_of(item: OutboxItem, system: str) -> OrderReference:
    """The reference of a ``refer_order``. Errors as in `payload_of`."""
    return payload_of(item, REFER_ORDER, OrderReference, system)


def payload_of(item: OutboxItem, kind: str, model: type[Payload], system: str) -> Payload:
    """An item's payload. Nothing was called yet, so one that cannot be performed is refused for good.

    Raises ConfigError for another kind, BusinessError naming what is wrong with the payload, never its values.
    """
    if item.kind != kind:
        raise ConfigError(f"{system} cannot perform {item.kind!r}", remedy=f"Give this sink the kind {kind} only.")
    try:
        return model.model_validate(item.payload)
    except ValidationError as error:
        problems = [
            ": ".join(part for part in (".".join(map(str, problem["loc"])), problem["msg"]) if part)
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    raise BusinessError(
        f"{item.idempotency_key} cannot be performed: {'; '.join(problems)}",
        remedy="Nothing was sent. Correct what proposed it; it then comes as a new item.",
    )
