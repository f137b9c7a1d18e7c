"""A program that holds a backend and ends without stopping it, as a user's program may. The parent says how it ends."""

import json
import os
import signal
import subprocess
import sys

# What the child says on its pipe.
READY, STOPPED = b"r", b"s"
CODE = "import sys; sys.path.insert(0, {!r}); from hydrotest_bridge import offspring; sys.path.pop(0); offspring.main()"


class Child:
    """The program, as its parent sees it."""

    def __init__(self, plan):
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE.format(here), str(writing)],
            stdin=subprocess.PIPE,
            pass_fds=[writing],
        )
        os.close(writing)
        self._said = os.fdopen(reading, "rb")
        self.send(json.dumps(plan))

    def send(self, line):
        """Tells it something."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def ready(self):
        """Waits until its backend runs."""
        return self._said.read(1) == READY

    def terminate(self):
        """Asks it to end, as a scheduler does."""
        self._process.send_signal(signal.SIGTERM)

    def end(self):
        """Waits for its end: its status, and whether its backend was stopped."""
        said = self._said.read()
        self._process.stdin.close()
        return self._process.wait(), STOPPED in said


def run(plan, how):
    """Lets a program hold a backend, and end as `how` says."""
    child = Child(plan)
    if not child.ready():
        raise RuntimeError("the program that was to hold the backend ended with status {}".format(child.end()[0]))
    how(child)
    return child.end()


def main():
    """The program."""
    from . import stage

    pipe = int(sys.argv[1])
    # A program that is to end in an orderly way on SIGTERM says so; Python by itself runs no exit hooks then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    backend = stage.Stage(json.loads(sys.stdin.readline()), lambda *_: None).started()
    shutdown = backend.shutdown

    def watched():
        os.write(pipe, STOPPED)
        return shutdown()

    backend.shutdown = watched
    os.write(pipe, READY)
    sys.stdin.readline()
