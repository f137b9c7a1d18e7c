"""Takes longer to import than a start is given before it is broken off, and refuses a second import, as PyTorch does."""

import os
import sys
import time

assert not hasattr(sys, "slow_module_was_begun"), "only a module that was loaded whole can be imported again"
sys.slow_module_was_begun = True

for _ in range(100):
    time.sleep(0.01)


def use():
    """There only once the import is over."""
    assert os.getpid()
