"""The record of the stand-in's requests and actions: one JSON object per line, written immediately."""

import json
import time
from typing import Any, BinaryIO


class Record:
    """A file that a test can read while the stand-in runs. It is unbuffered, so that it is complete if the stand-in is killed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, event: str, **details: Any) -> None:
        """Records an event: the name of a call, or in lower case an event inside the stand-in."""
        line = {"event": event, "time": round(time.time(), 3), **details}
        self._file.write(json.dumps(line).encode() + b"\n")
