"""The record of what the stand-in was asked and what it did: one JSON object per line, written at once."""

import json
import time
from pathlib import Path
from typing import Any


class Record:
    """An append-only file that a test reads, also while the stand-in runs."""

    def __init__(self, path: Path) -> None:
        # Unbuffered, so that a killed stand-in leaves all it saw.
        self._file = path.open("ab", buffering=0)

    def write(self, event: str, **details: Any) -> None:
        """Notes an event: the name of a call, or in small letters something that happened by itself."""
        line = {"event": event, "time": round(time.time(), 3), **details}
        self._file.write(json.dumps(line).encode() + b"\n")
