"""The record of what the stand-in was asked and what it did: one JSON object per line, written at once."""

import json
import time
from typing import Any, BinaryIO


class Record:
    """A file that a test reads, also while the stand-in runs. It must be unbuffered: a killed stand-in leaves all it saw."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, event: str, **details: Any) -> None:
        """Notes an event: the name of a call, or in small letters something that happened by itself."""
        line = {"event": event, "time": round(time.time(), 3), **details}
        self._file.write(json.dumps(line).encode() + b"\n")
