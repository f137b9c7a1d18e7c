"""Writes the pickle fixtures: small objects of every class that a response may contain, and their descriptions.

    python make_pickles.py ../fixtures/pickle

Run it with NumPy 1.x and with 2.x (both with biotite 1.6 or later), with an older biotite, which pickles bonds
differently, and with torch. A file is named VALUE.WRITER.protocolN.pickle. VALUE.json describes the value that each of them
must decode to.
"""

import collections
import json
import pathlib
import pickle
import sys

import boileroom_classes as b
import numpy as np
from describe import describe, struc

try:
    import torch
except ImportError:
    torch = None
    import biotite

RANDOM = np.random.RandomState(20240607)


def floats(*shape, dtype=np.float32):
    return RANDOM.standard_normal(shape).astype(dtype)


def metadata(model, *lengths):
    return b.PredictionMetadata(model, "v1.0.0", list(lengths), 0.0125, 1.5, None)


def atoms(count, b_factor=None, bonds=None):
    array = struc.AtomArray(count)
    array.coord = floats(count, 3)
    array.chain_id[:] = ["A", "B"][:1] * (count - 1) + ["B"]
    array.res_id[:] = np.arange(count) // 2
    array.res_name[:] = "GLY"
    array.atom_name[:] = ["N", "CA", "C", "O", "CB", "OXT"][:count]
    array.element[:] = ["N", "C", "C", "O", "C", "O"][:count]
    array.hetero[-1] = True
    if b_factor is not None:
        array.set_annotation("b_factor", RANDOM.random_sample(count).astype(b_factor))
    if bonds is not None:
        array.bonds = struc.BondList(count, np.array(bonds))
    return array


def esm2():
    return b.ESM2Output(floats(1, 4, 8), metadata("esm2_t6_8M_UR50D", 4), np.zeros((1, 4), np.int32),
                        np.arange(4, dtype=np.int32)[None], floats(1, 7, 4, 8), floats(1, 4, 33))


def esmfold():
    length = 2
    pair = lambda depth: floats(1, length, length, depth)  # noqa: E731
    return b.ESMFoldOutput(
        metadata("esmfold_v1", length), [atoms(4, b_factor=np.float64)], frames=floats(8, 1, length, 7),
        states=floats(8, 1, length, 4), s_z=pair(4), aatype=np.array([[0, 7]]),
        atom14_atom_exists=floats(1, length, 14), residx_atom37_to_atom14=np.zeros((1, length, 37), np.int64),
        residue_index=np.arange(length)[None], plddt=[np.array([0.5, 0.75], np.float32)],
        ptm=[np.array([0.25], np.float32)], pae=floats(1, length, length), max_pae=np.array(31.75, np.float32),
        chain_index=np.zeros((1, length), np.int64), pdb=["ATOM      1  N\nEND\n"], cif=["data_x\n#\n"])


def esmc():
    return b.ESMEmbeddingOutput(metadata("esmc_300m", 3, 2), floats(2, 3, 8), np.array([[0, 0, 1], [0, 0, -1]], np.int32),
                                np.array([[0, 1, 0], [0, 1, -1]], np.int32), hidden_states=floats(3, 2, 3, 8))


def esmfold2():
    return b.ESMFold2Output(metadata("biohub/ESMFold2", 3, 3), [atoms(3), atoms(3)], plddt=[floats(3), None],
                            ptm=[floats(1), floats(1)], iptm=None, pae=[floats(3, 3)],
                            pair_chains_iptm=[{"A": {"B": 0.5}}], residue_index=[np.arange(1, 4)],
                            entity_id=[np.zeros(3, np.int64)], cif=["data_é\n"])


def chai():
    return b.Chai1Output(metadata("chai-1", 3), [atoms(3)], pae=[floats(3, 3)], plddt=[floats(3)], ptm=[floats(1)],
                         per_chain_iptm=[floats(1, 2, 2)], cif=["data_model\n"])


def boltz():
    confidence = {"confidence_score": 0.875, "chains_ptm": {"0": 0.5}, "complex_plddt": np.float32(0.75),
                  "pair_chains_iptm": {0: {0: 0.5, 1: 0.25}}}
    return b.Boltz2Output(metadata("boltz2", 3), [atoms(3, bonds=[[0, 1, 1], [1, 2, 2]])], confidence=[confidence, None],
                          plddt=[floats(3)], pde=[floats(3, 3)])


def healthcheck():
    return b.HealthcheckOutput("ok", {"include_fields": ["*"], "seed": 3, "nothing": None})


def arrays():
    codes = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
    values = {code: np.arange(6).reshape(2, 3).astype(code) for code in codes}
    values.update({f"big {code}": (np.arange(4) * 257).astype(f">{code}") for code in ["i2", "u8", "f2", "f4", "f8"]})
    cube = floats(2, 3, 4)
    values.update({
        "fortran": np.asfortranarray(cube), "transposed": cube.T, "strided": cube[:, ::2, ::-1],
        "big fortran": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "no dimension": np.array(2.5), "empty": np.zeros((0, 3), np.float32), "one": np.ones((1, 1, 1)),
        "text": np.array([["A", "BCD"], ["", "é∂𝄞"]]), "big text": np.array(["AB", "C"], ">U2"),
        "objects": np.array([[None, 1], ["two", floats(2)]], dtype=object),
        "fortran objects": np.asfortranarray(np.array([[1, 2, 3], [4, 5, 6]], dtype=object)),
        "nan": np.array([np.nan, np.inf, -np.inf, -0.0], np.float32),
        "scalars": [np.float32(1.5), np.float64(-2.5), np.int64(-3), np.bool_(True), np.float16(0.5), np.str_("text")],
        "twice": [cube, cube], "read only": np.frombuffer(b"12345678", np.float64),
    })
    return values


def builtins():
    shared = ["shared"]
    integers = [0, 1, -1, 255, 256, 65535, 65536, -2**31, 2**31 - 1, 2**31, -2**63, 2**63 - 1]
    return {
        "integers": integers, "floats": [0.0, -0.0, 1.5, float("nan"), float("inf"), 5e-324],
        "texts": ["", "plain", "é∂𝄞\0\n", "x" * 300], "bytes": [b"", b"\x00\xff", bytes(range(256)) * 2],
        "bytearrays": [bytearray(), bytearray(b"\x80ab")], "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "sets": [set(), {1}, frozenset(), frozenset(["a"])], "flags": [True, False, None],
        "ordered": collections.OrderedDict([("z", 1), ("a", 2)]), "none ordered": collections.OrderedDict(),
        "keys": {1: "int", (1, 2): "tuple", None: "None", 2.5: "float", b"b": "bytes"}, "shared": [shared, shared],
    }


def structures():
    both = struc.stack([atoms(4), atoms(4)])
    both.box = np.stack([np.eye(3, dtype=np.float32)] * 2)
    boxed = atoms(2, b_factor=np.float32)
    boxed.box = np.eye(3, dtype=np.float32) * 10
    boxed.set_annotation("charge", np.array([0, -1]))
    boxed.set_annotation("occupancy", np.array([1.0, 0.5]))
    return [both, boxed, atoms(3, bonds=[[0, 1, 1]]), struc.AtomArray(0), atoms(2, bonds=np.zeros((0, 3), int))]


def large():
    """Larger than CPython's frame size, so that buffers are outside of frames and there are several frames."""
    return {"before": "x", "array": np.arange(16_500, dtype=np.float32), "texts": [str(n) for n in range(200)]}


def tensors():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    kinds = ["bool", "int8", "int16", "int32", "int64", "uint8", "float16", "bfloat16", "float32", "float64"]
    return {
        **{kind: torch.arange(3).to(getattr(torch, kind)) for kind in kinds},
        "transposed": base.T if base.dim() == 2 else base.permute(2, 0, 1), "slice": base[:, 1:, ::2],
        "expanded": torch.tensor([1.5, 2.5]).expand(3, 2), "scalar": torch.tensor(0.25), "empty": torch.zeros(0, 3),
        "offset": base[1], "trained": torch.ones(2, requires_grad=True), "twice": [base, base],
    }


def bonds():
    bonded = atoms(3, bonds=[[0, 1, 1], [1, 2, 2]])
    return [bonded, bonded.bonds]


VALUES = [esm2, esmfold, esmc, esmfold2, chai, boltz, healthcheck, arrays, builtins, structures, bonds]


def write(folder, writer, name, value, protocols):
    (folder / f"{name}.json").write_text(json.dumps(describe(value)) + "\n")
    for protocol in protocols:
        (folder / f"{name}.{writer}.protocol{protocol}.pickle").write_bytes(pickle.dumps(value, protocol=protocol))


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if torch is not None:
        write(folder, "torch", "tensors", tensors(), [2, 4])
        return
    is_old_biotite = tuple(map(int, biotite.__version__.split(".")[:2])) < (1, 6)
    writer = "biotite1" if is_old_biotite else f"numpy{np.__version__[0]}"
    for make in [bonds] if is_old_biotite else VALUES:
        RANDOM.seed(VALUES.index(make))
        if make in (arrays, builtins, boltz):
            protocols = [4, 5] if writer == "numpy1" else [2, 3, 4, 5]
        else:
            protocols = [4] if writer == "numpy1" else [4, 5]
        write(folder, writer, make.__name__, make(), protocols)
    if writer == "numpy2":
        write(folder, writer, "large", large(), [4])


if __name__ == "__main__":
    main(sys.argv[1])
