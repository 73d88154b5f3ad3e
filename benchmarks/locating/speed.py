"""Bar 3: 100,000 texts read against a register of 20,000 flats, beside what jieba takes only to segment them."""

import json
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.locating.tickets import Ticket
from mappings.places import Place, Register, read_ticket

ROUNDS = 3
HERE = Path(__file__).parent
JIEBA = HERE.parents[1] / ".envs" / "jieba" / "bin" / "python"


@dataclass(frozen=True)
class Speed:
    """Medians of the rounds, in seconds of CPU time: on a machine that is busy otherwise the clock says little."""

    reading: float
    segmenting: float

    @property
    def ratio(self) -> float:
        """How many times the segmenter's time reading takes."""
        return self.reading / self.segmenting


def measure(tickets: Sequence[Ticket], places: Sequence[Place]) -> Speed:
    """Both in turns; the segmenter in an environment of its own, its dictionary loaded; each round with a register of its own.

    What a register keeps of earlier questions is earned within the round.
    """
    texts = json.dumps([f"{ticket.address} {ticket.text}" for ticket in tickets])
    reading, segmenting = [], []
    for _ in range(ROUNDS):
        done = subprocess.run([str(JIEBA), str(HERE / "segment.py")], input=texts, capture_output=True, text=True, check=True)
        segmenting.append(float(done.stdout))
        register = Register(places)
        start = time.process_time()
        for ticket in tickets:
            read_ticket(ticket.text, ticket.address, ticket.building, register)
        reading.append(time.process_time() - start)
    return Speed(statistics.median(reading), statistics.median(segmenting))
