"""A proxy in front of a correct model server that needs more memory or time with every call.

    python growing.py memory|time HYDROTEST PORT
"""

import http.client
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

RESOURCE, HYDROTEST, PORT = sys.argv[1:]
KEPT = []
CALLS = []

with socket.create_server(("127.0.0.1", 0)) as free:
    BEHIND = free.getsockname()[1]
subprocess.Popen([HYDROTEST, "serve", "--port", str(BEHIND)])


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", BEHIND)
        try:
            connection.request(self.command, self.path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            status, answer = response.status, response.read()
        except OSError:
            status, answer = 503, b"{}"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        self.forward()

    def do_POST(self):
        CALLS.append(self.path)
        if RESOURCE == "memory":
            KEPT.append(b"x" * (4 << 20))
        else:
            time.sleep(0.3 * len(CALLS))
        self.forward()


HTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
