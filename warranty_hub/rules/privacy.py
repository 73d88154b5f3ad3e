"""Free text is masked for phone numbers, identity numbers and e-mail addresses before anyone but the hub sees it."""

import re

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)")
_INTERNATIONAL = re.compile(r"(?<!\w)\+\d{1,3}[- ]?\d{2,4}[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)", re.ASCII)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+", re.ASCII)
MASK = "***"


def mask(text: str) -> str:
    """Replace every phone number, identity number and e-mail address by ``***``."""
    for pattern in (_ID_NUMBER, _MOBILE, _INTERNATIONAL, _LANDLINE, _EMAIL):
        text = pattern.sub(MASK, text)
    return text
