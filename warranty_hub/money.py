"""Money is Decimal from the wire to the file: parsed from text, split exactly, rounded once when published."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3, "JOD": 3}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_SPACE_AND_SIGNS = re.compile(r"[\s,¥$€£]|CNY|RMB|元")


def minor_digits(currency: str) -> int:
    """Digits after the point of a currency (ISO 4217): JPY 0, KWD 3, most 2."""
    return _MINOR_DIGITS.get(currency, 2)


def parse_amount(text: str) -> Decimal:
    """Read an amount as people and systems write it: ``1,234.50``, ``￥80``, ``1.2万元``, ``（5.00）``, ``1.728E5``.

    Raises ValueError for anything else, also NaN and infinity.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    factor = Decimal(1)
    if match := re.search(r"万元?$", plain):
        plain, factor = plain[: match.start()], Decimal(10_000)
    negative = plain.startswith("(") and plain.endswith(")")
    plain = _SPACE_AND_SIGNS.sub("", plain.strip("()") if negative else plain)
    if plain.endswith("-"):  # SAP writes the sign behind
        plain, negative = plain[:-1], True
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"not an amount: {text!r}")
    try:
        amount = Decimal(plain) * factor
    except InvalidOperation:
        raise ValueError(f"not an amount: {text!r}") from None
    return -amount if negative else amount


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit (Chinese invoice practice)."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def split(amount: Decimal, weights: Sequence[int], currency: str) -> tuple[Decimal, ...]:
    """Split an amount by integer weights with the largest remainder: the parts sum exactly to the amount.

    Ties go to the earlier part, so the same input always gives the same parts. A reversal (``-amount``) gives exactly the
    negated parts. Digits below the currency's minor unit stay with the largest part. Raises ValueError for no positive weight.
    """
    total = sum(weights)
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"weights must be non-negative and not all zero: {list(weights)}")
    sign = -1 if amount < 0 else 1
    unit = Decimal(1).scaleb(-minor_digits(currency))
    whole = int(abs(amount) / unit)
    dust = abs(amount) - whole * unit
    exact = [Fraction(whole * weight, total) for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    largest = max(range(len(parts)), key=lambda i: (weights[i], -i))
    return tuple(sign * (part * unit + (dust if i == largest else 0)) for i, part in enumerate(parts))
