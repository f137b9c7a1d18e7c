"""Describes Python objects as JSON with every type and every bit, so that two decoders can be compared.

As a program, prints the descriptions of the given pickles, one JSON value per line.
"""

import collections
import dataclasses
import hashlib
import json
import pickle
import struct
import sys

import boileroom_classes  # noqa: F401  makes the classes loadable
import numpy as np

try:
    import biotite.structure as struc
except ImportError:
    struc = None


def _dtype_name(dtype):
    return f"str{dtype.itemsize // 4}" if dtype.kind == "U" else dtype.name


def _array(array):
    array = np.asarray(array)
    if array.dtype == object:
        return {"objects": list(array.shape), "items": [describe(item) for item in array.flat]}
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=True)
    return {
        "array": _dtype_name(array.dtype),
        "shape": list(array.shape),
        "sha256": hashlib.sha256(little.tobytes("C")).hexdigest(),
    }


def _tensor(tensor):
    import torch

    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        return {**_array(tensor.view(torch.uint16).numpy()), "array": "bfloat16"}
    return _array(tensor.numpy())


def _structure(atoms):
    stack = isinstance(atoms, struc.AtomArrayStack)
    columns = {name: atoms.get_annotation(name) for name in atoms.get_annotation_categories()}
    return {
        "structure": atoms.array_length(),
        "models": atoms.stack_depth() if stack else None,
        "coord": _array(atoms.coord),
        # The widths of text columns and residue numbers are up to the writer; the values are not.
        "columns": {
            name: column.tolist() if column.dtype.kind in "Uib" else _array(column)
            for name, column in columns.items()
        },
        "bonds": None if atoms.bonds is None else atoms.bonds.as_array().tolist(),
        "box": None if atoms.box is None else _array(atoms.box),
    }


def describe(value):
    """Describes one object. Fails on types that no prediction contains."""
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(value)  # first, because some NumPy scalars are also Python numbers and strings
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value).__module__.startswith("torch"):
        return _tensor(value)
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return {"list": [describe(item) for item in value]}
    if isinstance(value, tuple):
        return {"tuple": [describe(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((describe(item) for item in value), key=json.dumps)}
    if isinstance(value, (dict, collections.OrderedDict)):
        return {"map": [[describe(key), describe(item)] for key, item in value.items()]}
    if struc is not None and isinstance(value, (struc.AtomArray, struc.AtomArrayStack)):
        return _structure(value)
    if struc is not None and isinstance(value, struc.BondList):
        fields = [["atom_count", describe(value.get_atom_count())], ["bonds", _array(value.as_array())]]
        return {"record": "biotite.structure.BondList", "fields": fields}
    if dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        cls = type(value)
        return {
            "record": f"{cls.__module__}.{cls.__qualname__}",
            "fields": [[name, describe(item)] for name, item in vars(value).items()],
        }
    raise TypeError(f"cannot describe {type(value)}")


def main(paths):
    for path in paths:
        with open(path, "rb") as file:
            print(json.dumps(describe(pickle.load(file))))


if __name__ == "__main__":
    main(sys.argv[1:])
