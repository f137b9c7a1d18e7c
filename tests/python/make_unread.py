"""Writes valid Python values that hydrotest does not read, one JSON value per line: the name, and the pickle in hex.

    python make_unread.py > ../fixtures/unread.jsonl

Run it with NumPy 2, biotite and torch. boileroom's client loads each of them without running any code.
"""

import collections
import datetime
import decimal
import fractions
import json
import pathlib
import pickle
import warnings

import biotite.structure as struc
import boileroom_classes as b
import numpy as np
import torch

warnings.simplefilter("ignore")


def atoms(**columns):
    array = struc.AtomArray(2)
    for name, column in columns.items():
        array.set_annotation(name, np.array(column))
    return array


VALUES = {
    "datetime": datetime.datetime(2026, 1, 2), "timedelta": datetime.timedelta(1), "Decimal": decimal.Decimal("1.5"),
    "Fraction": fractions.Fraction(1, 3), "complex": 1 + 2j, "range": range(3), "Path": pathlib.PurePosixPath("/a"),
    "defaultdict": collections.defaultdict(list, a=[1]), "deque": collections.deque([1]),
    "64 bits": 1 << 70, "surrogate": "a\udc80b", "c8": np.ones(2, np.complex64), "M8": np.array(["2026"], "M8[D]"),
    "S3": np.array([b"abc"]), "V8": np.zeros(2, [("a", "f4"), ("b", "i4")]), "f16": np.ones(1, np.longdouble),
    "recarray": np.zeros(1, [("a", "f4")]).view(np.recarray), "_mareconstruct": np.ma.array([1, 2], mask=[0, 1]),
    "matrix": np.matrix([[1]]), "_convert_to_stringdtype_kwargs": np.array(["a"], np.dtypes.StringDType()),
    "a dtype as a value": np.dtype("f4"), "torch.float32": torch.float32, "torch.Size": torch.Size([2]),
    "torch.ComplexFloatStorage": torch.ones(2, dtype=torch.complex64),
    "torch.storage.UntypedStorage": torch.ones(2, dtype=torch.uint16), "_get_layout": torch.eye(2).to_sparse(),
    "_rebuild_parameter": torch.nn.Parameter(torch.ones(2)),
    "chain_id": atoms(chain_id=["a chain with a name of more than sixty-four letters, as no file has it"] * 2),
    "several dimensions": atoms(uncertainty=np.zeros((2, 3))), "of objects": atoms(note=np.array([None, "x"], object)),
}


def main():
    for name, value in VALUES.items():
        output = b.HealthcheckOutput("ok", {"value": value})
        print(json.dumps([name, pickle.dumps(output).hex()]))
    for protocol in [0, 1]:
        output = b.HealthcheckOutput("ok", {"value": 1})
        print(json.dumps(["protocol 0 or 1", pickle.dumps(output, protocol).hex()]))


if __name__ == "__main__":
    main()
