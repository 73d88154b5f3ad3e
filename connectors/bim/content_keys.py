"""Names pieces of a STEP file by their content: the same shape has the same key in any file, under whatever instance numbers.

A key is a hash over an instance's text and the keys of all that it refers to (a Merkle tree). Next month's export numbers
everything anew, so that numbers must not count; texts must, to the last digit.
"""

import re
from hashlib import blake2b

INSTANCE = re.compile(rb"#(\d+)\s*=\s*((?>[^';]+|'[^']*')*+);")
REFERENCE = re.compile(rb"#(\d+)")
CIRCLE = b"a circle of references"


class ContentKeys:
    """Keys of the instances of one file; each is worked out once."""

    def __init__(self, step_file: bytes) -> None:
        self._texts = {int(found[1]): found[2] for found in INSTANCE.finditer(step_file)}
        self._keys: dict[int, bytes] = {}

    def key(self, step: int) -> bytes:
        """16 bytes. An instance that is not in the file counts as empty; circles, in damaged files, end."""
        waiting, begun = [step], set[int]()
        while waiting:
            top = waiting[-1]
            if top in self._keys:
                waiting.pop()
                continue
            text = REFERENCE.split(self._texts.get(top, b""))
            references = [int(number) for number in text[1::2]]
            missing = [] if top in begun else [number for number in references if number not in self._keys]
            begun.add(top)
            waiting += missing
            if not missing:
                below = b"".join(self._keys.get(number, CIRCLE) for number in references)
                self._keys[top] = blake2b(b"#".join(text[::2]) + b"\0" + below, digest_size=16).digest()
        return self._keys[step]
