"""A model server that misbehaves in a named way. Uses only the standard library.

    WITNESS=127.0.0.1:8000 python misbehave.py BEHAVIOUR PORT

The processes of some behaviours connect to the witness of a test, send their name, and take orders from it.
"""

import base64
import hashlib
import hmac
import json
import os
import pickle
import socket
import socketserver
import subprocess
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler

KEY = "BOILEROOM_TRANSPORT_HMAC_KEY"
IN_USE = "ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', 1): address already in use"


class Presence:
    """A process's connection to its witness."""

    def __init__(self, name):
        host, port = os.environ["WITNESS"].rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port))).makefile("rw")
        self.send(f"{name} {os.getpid()}")

    def send(self, message):
        print(message, file=self.stream, flush=True)

    def order(self):
        """The next order. Empty if the test has ended."""
        return self.stream.readline().strip()

    def obey(self):
        order = self.order()
        if order == "abort":
            os.abort()
        if order == "exit":
            os._exit(5)
        if order == "in-use":
            print(IN_USE, file=sys.stderr, flush=True)
            os._exit(1)
        if order != "proceed":
            os._exit(0)


class Output:
    """A response with the id of its process."""

    def __init__(self):
        self.process = os.getpid()


# Pickle has to find the class by its name.
Output.__module__ = "test"
sys.modules["test"] = types.ModuleType("test")
sys.modules["test"].Output = Output


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"status": "ready"})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.presence.send("called")
        self.server.presence.obey()
        payload = pickle.dumps(Output())
        signature = hmac.new(os.environ[KEY].encode(), payload, hashlib.sha256).hexdigest()
        self.answer({"pickled": base64.b64encode(payload).decode(), "hmac": signature})


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(port, presence):
    try:
        server = Server(("127.0.0.1", int(port)), Handler)
    except OSError:
        sys.exit("address already in use")
    server.presence = presence
    server.serve_forever()


def descend(behaviour, name):
    subprocess.Popen([sys.executable, __file__, behaviour, name])


def flood():
    line = b"flood " * 200 + b"\n"
    while True:
        os.write(1, line)


def main(behaviour, name):
    if behaviour == "load":
        print("loading", flush=True)
        Presence("loading").obey()
    elif behaviour == "serve":
        serve(name, Presence("server"))
    elif behaviour == "wait-then-serve":
        presence = Presence(name)
        presence.obey()
        serve(name, presence)
    elif behaviour == "flood":
        threading.Thread(target=flood, daemon=True).start()
        serve(name, Presence("server"))
    elif behaviour == "breed":
        # A child that leaves the process group, and one whose parent exits immediately.
        descend("sleep", "stray")
        descend("descend", "orphan")
        serve(name, Presence("server"))
    elif behaviour == "descend":
        descend("sleep", name)
    elif behaviour == "sleep":
        os.setsid()
        Presence(name).order()
    else:
        sys.exit(f"unknown misbehaviour {behaviour}")


main(*sys.argv[1:])
