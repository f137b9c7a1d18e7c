"""The private channel to the harness: frames on a Unix socket, which printed output cannot reach. Does not interpret them.

A frame is four bytes of length, that many bytes of JSON, and the blobs whose sizes its key `sizes` lists. The harness sends
no blobs.
"""

import json
import os
import signal
import socket
import struct
import threading

LENGTH = struct.Struct("<I")
# The longest path of a Unix socket that every system accepts.
LONGEST_PATH = 100
INTERRUPTIONS = {signal.SIGINT, signal.SIGTERM}


class Channel:
    """One connection. Any thread may send frames; only one may receive them."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sending = threading.Lock()
        self._connect(path)

    def _connect(self, path):
        if len(os.fsencode(path)) <= LONGEST_PATH:
            self._socket.connect(path)
            return
        # The path is too long for a socket. Changing the directory is safe, because there is only one thread so far.
        before = os.getcwd()
        os.chdir(os.path.dirname(path))
        try:
            self._socket.connect(os.path.basename(path))
        finally:
            os.chdir(before)

    def send(self, head, blobs=()):
        """Sends one frame."""
        head = json.dumps(dict(head, sizes=[len(blob) for blob in blobs])).encode()
        with self._sending:
            # Half a frame would break the channel, so interruptions wait until it is complete.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)
            try:
                self._socket.sendall(LENGTH.pack(len(head)) + head)
                for blob in blobs:
                    self._socket.sendall(blob)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def receive(self):
        """The next frame; None if the harness is gone."""
        length = self._exactly(LENGTH.size)
        head = length and self._exactly(LENGTH.unpack(length)[0])
        return json.loads(head) if head else None

    def _exactly(self, count):
        parts = []
        while count:
            try:
                part = self._socket.recv(min(count, 1 << 20))
            except OSError:
                return None
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
