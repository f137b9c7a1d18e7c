"""Takes longer to import than the time before a start is interrupted, and refuses a second import, like PyTorch."""

import os
import sys
import time

assert not hasattr(sys, "slow_module_was_begun"), "only a module that was loaded whole can be imported again"
sys.slow_module_was_begun = True

for _ in range(100):
    time.sleep(0.01)


def use():
    """Exists only after the import has finished."""
    assert os.getpid()
