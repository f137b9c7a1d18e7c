"""A result as a pickle of protocol 5 whose large buffers stay where they are until they are sent."""

import pickle

# Smaller buffers are quicker inside the pickle than in a blob of their own.
LEAST = 4 << 10


def blobs(value):
    """The pickle, then the buffers in the order in which it names them."""
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
