"""The accounting entry that an outbox item asks for: what every ERP that posts journals checks before it calls anything."""

from pydantic import ValidationError

from connectors.contract import OutboxItem
from warranty_hub.errors import BusinessError, ConfigError
from warranty_hub.records.effects import POST_JOURNAL, JournalEntry


def entry_of(item: OutboxItem, system: str) -> JournalEntry:
    """The entry of a ``post_journal``. Nothing was called yet, so an entry that cannot be posted is refused for good.

    Raises ConfigError for another kind, BusinessError naming what is wrong with the entry, never its values.
    """
    if item.kind != POST_JOURNAL:
        raise ConfigError(f"{system} cannot perform {item.kind!r}", remedy=f"Give this sink the kind {POST_JOURNAL} only.")
    try:
        return JournalEntry.model_validate(item.payload)
    except ValidationError as error:
        problems = [
            ": ".join(part for part in (".".join(map(str, problem["loc"])), problem["msg"]) if part)
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    raise BusinessError(
        f"Entry {item.idempotency_key} cannot be posted: {'; '.join(problems)}",
        remedy="Nothing was sent. Correct what proposed the entry; it then comes as a new item.",
    )
