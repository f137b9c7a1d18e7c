"""Processes of this machine that carry an instance's mark and are still there. Elsewhere than on Linux it sees none."""

import os
import time

# How long processes may take to go once they were told to.
SETTLING = 3.0
# Helpers of the standard library that live as long as the program does.
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def of(mark, settling=SETTLING):
    """One line for each process that is there after a while, but this one and its ancestors."""
    deadline = time.monotonic() + settling
    while True:
        found = list(_marked(mark))
        if not found or time.monotonic() >= deadline:
            return ["process {} ({})".format(process, line) for process, line in found]
        time.sleep(0.02)


def numbers(mark):
    """The numbers of the processes that carry the mark now."""
    return {process for process, _ in _marked(mark)}


def _marked(mark):
    if not mark or not os.path.isdir("/proc/self"):
        return
    wanted = "HYDROTEST_INSTANCE={}".format(mark).encode()
    own = _ancestors()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in own:
            continue
        try:
            with open("/proc/{}/environ".format(name), "rb") as file:
                if wanted not in file.read().split(b"\0"):
                    continue
            with open("/proc/{}/cmdline".format(name), "rb") as file:
                line = file.read().replace(b"\0", b" ").decode("utf-8", "backslashreplace").strip()
        except OSError:
            continue
        if not any(helper in line for helper in HELPERS):
            yield int(name), line[:120]


def _ancestors():
    """This process and those above it: the interpreter may have been started by another program, such as uv."""
    found, process = set(), os.getpid()
    while process > 1 and process not in found:
        found.add(process)
        try:
            with open("/proc/{}/stat".format(process), "rb") as file:
                process = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found
