"""A backend like a contributor would write it: starts a model server as a process and calls it over HTTP."""

import collections
import os
import secrets
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from json import dumps, loads

from read_response import read

from .base import Backend

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class YourBackend(Backend):
    """Serves with the program that `HYDROTEST_PROGRAM` names."""

    def __init__(self, core_class, config=None, device=None):
        super().__init__()
        self._core_class = core_class
        self._config = dict(config or {})
        self._device = device
        self._secret = secrets.token_hex(32)
        self._process = None
        self._log = None
        self.model = None

    def startup(self):
        """Starts the server and waits until it is ready."""
        self._log = tempfile.TemporaryFile()
        environment = dict(
            os.environ,
            MODEL_CLASS=self._core_class,
            MODEL_CONFIG=dumps(self._config),
            BOILEROOM_TRANSPORT_HMAC_KEY=self._secret,
        )
        if self._device is not None:
            environment["DEVICE"] = self._device
        command = [os.environ["HYDROTEST_PROGRAM"], "serve", "--port", "0"]
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        try:
            self.model = Model(self._address(), self._secret)
        except BaseException:
            self.shutdown()
            raise

    def _address(self):
        """The address of the server, which its log contains once it is ready."""
        while True:
            ended = self._process.poll() is not None
            lines = self._lines()
            for line in lines:
                if "http://" in line:
                    return "http://" + line.split("http://")[1].split()[0].rstrip(".,")
            if ended:
                raise RuntimeError("the server died; the last lines of its log:\n" + "\n".join(lines))
            time.sleep(0.01)

    def _lines(self):
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(0)
        return collections.deque(self._log.read(size).decode("utf-8", "replace").splitlines(), 50)

    def shutdown(self):
        """Ends the server."""
        self.model = None
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def get_model(self):
        """The object with the methods of the model."""
        if self.model is None:
            raise RuntimeError("YourBackend is not initialized. Call start() before use.")
        return self.model


class Model:
    """Calls the server. Results are real objects. Exceptions are the model's, as far as its server reports them."""

    def __init__(self, address, secret):
        self._address = address
        self._secret = secret

    def fold(self, sequences, options=None):
        return self._call("fold", sequences, options)

    def embed(self, sequences, options=None):
        return self._call("embed", sequences, options)

    def _call(self, method, sequences, options):
        from .. import inputs

        body = dumps({"sequences": inputs.encode(sequences), "options": options}).encode()
        request = urllib.request.Request(f"{self._address}/{method}", body, {"Content-Type": "application/json"})
        try:
            with DIRECT.open(request) as response:
                return read(response.read(), self._secret)
        except urllib.error.HTTPError as error:
            detail = loads(error.read())["detail"]
            if error.code != 500:
                raise
        # The server reports the message and not the class.
        words = detail.partition(" failed: ")[2]
        raise (TypeError if words.startswith("Encoded ESMFold2") else ValueError)(words)
