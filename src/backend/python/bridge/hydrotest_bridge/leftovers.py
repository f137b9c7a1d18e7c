"""Processes of this machine that belong to an instance and are still there: they carry its mark, or descend from the supervisor
of this process, whatever their environment. Elsewhere than on Linux it sees none.
"""

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
    """The numbers of the processes that belong to it now."""
    return {process for process, _ in _marked(mark)}


def _marked(mark):
    if not mark or not os.path.isdir("/proc/self"):
        return
    wanted = "HYDROTEST_INSTANCE={}".format(mark).encode()
    own = _ancestors()
    family = _family(own)
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in own:
            continue
        try:
            if int(name) not in family:
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
    found, process = [], os.getpid()
    while process > 1 and process not in found:
        found.append(process)
        process = _status(process)[1]
    return found


def _family(ancestors):
    """The descendants of the supervisor among the ancestors that have not ended; it adopts whatever loses its parent."""
    roots = [process for process in ancestors if _is_supervisor(process)][:1]
    statuses = {int(name): _status(int(name)) for name in os.listdir("/proc") if roots and name.isdigit()}
    for parent in roots:
        roots.extend(process for process, (_, its_parent) in statuses.items() if its_parent == parent)
    return {process for process in roots[1:] if statuses[process][0] not in "ZX"}


def _is_supervisor(process):
    try:
        with open("/proc/{}/cmdline".format(process), "rb") as file:
            return file.read().split(b"\0")[1:2] == [b"__supervise"]
    except OSError:
        return False


def _status(process):
    """State and parent of a process."""
    try:
        with open("/proc/{}/stat".format(process), "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
        return state.decode(), int(parent)
    except (OSError, ValueError):
        return "X", 0
