"""Pickles a result with protocol 5, so that large buffers are sent without a copy."""

import pickle

# Smaller buffers are faster inside the pickle than as separate blobs.
LEAST = 4 << 10


def blobs(value):
    """The pickle, followed by the buffers in the order of its references."""
    buffers = []

    def inside(buffer):
        try:
            view = buffer.raw()
        except BufferError:
            return True
        if len(view) < LEAST:
            return True
        buffers.append(view)
        return False

    return [pickle.dumps(value, protocol=5, buffer_callback=inside), *buffers]
