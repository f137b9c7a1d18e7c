"""Writes one array in every memory layout of NumPy, pickled by several versions of NumPy.

    python make_layouts.py ../fixtures/pickle

Run it with NumPy 1.26, 2.0, 2.4 and the newest. Element (i, j, k) of an array of numbers is 100 i + 10 j + k, so that a
reader can check it without a description. layouts.json describes the arrays nevertheless.
"""

import json
import pathlib
import pickle
import sys

import numpy as np
from describe import describe

SHAPE = (2, 3, 4)


def cube(dtype, order=(0, 1, 2)):
    """The numbers, with the axes in this order in memory."""
    i, j, k = np.indices(SHAPE)
    numbers = (100 * i + 10 * j + k).astype(dtype)
    return np.ascontiguousarray(numbers.transpose(order)).transpose(np.argsort(order))


def layouts():
    whole = cube(np.float32)
    wide = np.zeros((4, 6, 8), np.float32)
    wide[::2, 1::2, ::2] = whole
    read_only = cube(np.float32, (1, 2, 0))
    read_only.setflags(write=False)
    arrays = {"C": whole, "F": np.asfortranarray(whole)}
    for order in [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1)]:
        for dtype in ["f4", "i1", ">i4", "f8", "f2", "U3"]:
            arrays[f"K {order} {dtype}"] = cube(dtype, order)
    arrays.update({
        "F big": np.asfortranarray(cube(">f8")), "strided": wide[::2, 1::2, ::2],
        "negative": np.ascontiguousarray(whole[:, ::-1, ::-1])[:, ::-1, ::-1],
        "negative permuted": cube(np.float32, (2, 0, 1))[:, ::-1].copy(order="K")[:, ::-1], "cut": np.pad(whole, 1)[1:-1, 1:-1, 1:-1],
        "zero": np.broadcast_to(whole[:, :, :1], SHAPE), "zero everywhere": np.broadcast_to(np.float32(7), SHAPE),
        "read only": read_only, "read only C": np.frombuffer(whole.tobytes(), np.float32).reshape(SHAPE),
        "no dimension": np.array(7, np.float32), "one": cube(np.float32)[:1, :1, :1].transpose(2, 0, 1),
        "one long": cube(np.float32)[:, :1].transpose(1, 0, 2), "empty": np.zeros((2, 0, 4), np.float32),
        "empty permuted": np.zeros((4, 2, 0), np.float32).transpose(1, 2, 0),
    })
    return arrays


def main(folder):
    folder = pathlib.Path(folder)
    arrays = layouts()
    (folder / "layouts.json").write_text(json.dumps(describe(arrays)) + "\n")
    writer = "numpy" + "_".join(np.__version__.split(".")[:2])
    for protocol in [2, 3, 4, 5]:
        (folder / f"layouts.{writer}.protocol{protocol}.pickle").write_bytes(pickle.dumps(arrays, protocol=protocol))


if __name__ == "__main__":
    main(sys.argv[1])
