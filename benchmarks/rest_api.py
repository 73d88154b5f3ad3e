"""The API that both sides of the REST benchmark read: ``python -m benchmarks.rest_api <records> <page size>``.

Prints its address, then serves tickets in pages that lead from one to the next, made before it begins:

    /api/tickets?after=3    {"tickets": [...], "next": "4"}
"""

import json
import sys
import threading

from benchmarks.tickets import pages
from sandbox.web import Answer, Request, WebServer


class TicketApi(WebServer):
    """Every page is there already: reading it costs the server next to nothing."""

    def __init__(self, records: int, size: int) -> None:
        texts = pages(records, size)
        last = len(texts) - 1
        self._pages = [
            f'{{"tickets": {text}, "next": {"null" if place == last else json.dumps(str(place + 1))}}}'.encode()
            for place, text in enumerate(texts)
        ]
        super().__init__()

    def answer(self, request: Request) -> Answer:
        """The page that is asked for, the first one by default."""
        return Answer(200, self._pages[int(request.query.get("after", "0"))], "application/json; charset=utf-8")


if __name__ == "__main__":
    with TicketApi(int(sys.argv[1]), int(sys.argv[2])) as api:
        print(api.address, flush=True)
        threading.Event().wait()
