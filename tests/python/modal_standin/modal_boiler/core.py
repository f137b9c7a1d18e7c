"""The model itself: hydrotest's synthetic one, served by `hydrotest serve` beside it.

`HYDROTEST_PROGRAM` names the program. The answer is what boileroom's classes unpickle from it, so a caller gets the very
values that the `reference` backend gives.
"""

import base64
import ctypes
import hashlib
import hmac
import json
import os
import pickle
import secrets
import signal
import subprocess
import urllib.error
import urllib.request
from typing import Any

import boileroom_classes  # makes the classes of the answers known


class Core:
    """A loaded model."""

    def __init__(self, model: str, config: dict[str, Any]) -> None:
        self._model = model
        self._config = config
        self._key = secrets.token_hex(32)
        self._server: subprocess.Popen[str] | None = None
        self._address = ""

    def load(self) -> None:
        """Starts the server."""
        environment = os.environ | {
            "MODEL_CLASS": self._model,
            "MODEL_CONFIG": json.dumps(self._config),
            "BOILEROOM_TRANSPORT_HMAC_KEY": self._key,
        }
        self._server = subprocess.Popen(
            [os.environ["HYDROTEST_PROGRAM"], "serve", "--port", "0"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_die_with_parent,
        )
        assert self._server.stderr is not None
        greeting = self._server.stderr.readline()
        if "http://" not in greeting:
            raise RuntimeError(f"{self._model} does not start (its status is {self._server.wait()})")
        self._address = greeting.split()[-1]

    def unload(self) -> None:
        """Stops the server."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()

    def call(self, method: str, sequences: Any, options: dict[str, Any] | None) -> Any:
        """What the model says, or ValueError with its complaint."""
        body = json.dumps({"sequences": sequences, "options": options}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self._address}/{method}", body, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            detail = json.load(error)["detail"]
            raise ValueError(str(detail).partition(" failed: ")[2] or str(detail)) from None
        pickled = base64.b64decode(answer["pickled"])
        expected = hmac.new(self._key.encode(), pickled, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, answer["hmac"]):
            raise RuntimeError("the answer is not signed by the server that was started")
        return pickle.loads(pickled)


def _die_with_parent() -> None:
    """Has the kernel end the server with its container, however that ends."""
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
