"""A backend written from boileroom's guide: starts boileroom's own server as a child process and calls it over HTTP."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time

import boileroom
import httpx
from boileroom.backend.base import Backend
from boileroom.backend.transport import TRANSPORT_HMAC_KEY_ENV, deserialize_transport_payload


class GuideBackend(Backend):
    def __init__(self, core_class, config=None, device=None):
        super().__init__()
        self._core_class = core_class
        self._config = {"device": device or "cpu", **(config or {})}
        self._server = None
        self.model = None

    def startup(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        secret = secrets.token_hex(32)
        package = os.path.dirname(boileroom.__file__)
        environment = {
            **os.environ,
            TRANSPORT_HMAC_KEY_ENV: secret,
            "MODEL_CLASS": self._core_class,
            "MODEL_CONFIG": json.dumps(self._config),
            "PYTHONPATH": os.path.dirname(package),
        }
        command = [sys.executable, os.path.join(package, "backend", "server.py"), "--port", str(port)]
        self._server = subprocess.Popen(command, env=environment)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=1800.0, trust_env=False)
        try:
            self._wait(client)
        except BaseException:
            self.shutdown()
            raise
        self.model = Remote(client, secret)

    def _wait(self, client):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                raise RuntimeError(f"the model server exited with status {self._server.returncode}")
            try:
                if client.get("/health", timeout=5.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise RuntimeError("the model server was not ready within 300 s")

    def shutdown(self):
        self.model = None
        server, self._server = self._server, None
        if server is None:
            return
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def get_model(self):
        if self.model is None:
            raise RuntimeError("GuideBackend is not initialized. Call start() before use.")
        return self.model


class Remote:
    def __init__(self, client, secret):
        self._client = client
        self._secret = secret

    def embed(self, sequences, options=None):
        return self._call("/embed", sequences, options)

    def fold(self, sequences, options=None):
        return self._call("/fold", sequences, options)

    def _call(self, path, sequences, options):
        answer = self._client.post(path, json={"sequences": sequences, "options": options})
        if answer.status_code != 200:
            raise RuntimeError(answer.json()["detail"])
        return deserialize_transport_payload(answer.json(), self._secret)
