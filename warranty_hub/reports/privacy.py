"""Free text on its way out: no numbers of persons, and not the name of the person who wrote it."""

from warranty_hub.rules.privacy import MASK, mask


def published(free_text: str | None, person_name: str | None = None) -> str:
    """The text with phone and identity numbers, e-mail addresses and the person's own name replaced by ``***``."""
    masked = mask(free_text or "")
    return masked.replace(person_name, MASK) if person_name else masked
