"""Starts the bridge: `python start.py SOCKET`. Uses only syntax that old versions of Python can parse, to report them."""

import os
import sys

OLDEST = (3, 8)


def main():
    if sys.version_info < OLDEST:
        version = ".".join(str(number) for number in sys.version_info[:3])
        sys.exit("hydrotest: Python 3.8 or newer is needed, this is %s (%s)" % (version, sys.executable))
    here = os.path.dirname(os.path.abspath(__file__))
    # The hosted code must see the same path as if it were started by hand: the current directory, and nothing of ours.
    if sys.path and os.path.abspath(sys.path[0]) == here:
        sys.path[0] = ""
    sys.path.insert(0, here)
    try:
        from hydrotest_bridge import work
    finally:
        sys.path.remove(here)
    socket, sys.argv = sys.argv[1], [""]
    return work.main(socket)


if __name__ == "__main__":
    sys.exit(main())
