"""The classes of ESMFold2's structured input, and their JSON encoding."""

import dataclasses

import boileroom_classes

KINDS = {
    "StructurePredictionInput": ("structure_prediction_input", "sequences", "pocket distogram_conditioning covalent_bonds"),
    "ProteinInput": ("protein", "id sequence", "modifications msa"),
    "RNAInput": ("rna", "id sequence", "modifications"),
    "DNAInput": ("dna", "id sequence", "modifications"),
    "LigandInput": ("ligand", "id", "smiles ccd"),
    "Modification": (None, "position ccd", "smiles"),
    "MSAInput": (None, "", "sequences path remove_insertions"),
    "PocketConditioning": (None, "binder_chain_id contacts", ""),
    "DistogramConditioning": (None, "chain_id distogram", ""),
    "CovalentBond": (None, "chain_id1 res_idx1 atom_idx1 chain_id2 res_idx2 atom_idx2", ""),
}
# Number of encoded objects, for tests.
SEEN = []


def install():
    """Makes the classes importable from the module of ESMFold2's output."""
    module = boileroom_classes._module("boileroom.models.esmfold2.types")
    for name, (_, required, optional) in KINDS.items():
        default = {"remove_insertions": False}
        fields = [(field, object) for field in required.split()]
        fields += [(field, object, dataclasses.field(default=default.get(field))) for field in optional.split()]
        cls = dataclasses.make_dataclass(name, fields, frozen=True)
        cls.__module__ = module.__name__
        setattr(module, name, cls)


def encode(value):
    """Encodes a value as JSON."""
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if dataclasses.is_dataclass(value):
        kind = KINDS[type(value).__name__][0]
        SEEN.append(kind)
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if type(value).__name__ == "MSAInput":
            fields = {name: field for name, field in fields.items() if field is not None}
        return dict({"kind": kind} if kind else {}, **fields)
    if hasattr(value, "tolist"):
        return value.tolist()
    return value
