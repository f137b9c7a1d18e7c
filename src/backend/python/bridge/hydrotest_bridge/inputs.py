"""Structured input as the objects that boileroom's users write, where there is such an object for it.

What has none, such as an unknown kind of molecule or a number for a name, stays the mapping it is: users who write objects
would not write that, and what the model says of it is the point then.
"""

import importlib

CLASSES = {
    "structure_prediction_input": "StructurePredictionInput",
    "protein": "ProteinInput",
    "rna": "RNAInput",
    "dna": "DNAInput",
    "ligand": "LigandInput",
}


def _texts(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _text(value):
    return isinstance(value, str)


# What the classes say of their fields, and do not check.
FITS = {
    "id": lambda value: _text(value) or _texts(value),
    "sequence": _text,
    "smiles": _text,
    "ccd": lambda value: _text(value) or _texts(value),
    "remove_insertions": lambda value: isinstance(value, bool),
    "path": _text,
    "binder_chain_id": _text,
}
# Of them, what cannot be None.
REQUIRED = ("id", "sequence", "binder_chain_id")


def convert(value, types):
    """`types` is the module that has the classes."""
    if isinstance(value, dict):
        return _object(value, types)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        objects = [_object(item, types) for item in value]
        # Objects and mappings in one list would be a mistake of ours.
        return value if any(isinstance(item, dict) for item in objects) else objects
    return value


def _object(value, types):
    try:
        return _build(value, importlib.import_module(types))
    except Exception:
        return value


def _build(value, types):
    fields = dict(value)
    cls = getattr(types, CLASSES[fields.pop("kind")])
    if "sequences" in fields:
        fields["sequences"] = [_build(item, types) for item in fields["sequences"]]
    for key, name in (
        ("modifications", "Modification"),
        ("covalent_bonds", "CovalentBond"),
        ("distogram_conditioning", "DistogramConditioning"),
    ):
        if fields.get(key) is not None:
            fields[key] = [_fill(getattr(types, name), _array(item)) for item in fields[key]]
    if isinstance(fields.get("msa"), dict):
        fields["msa"] = _fill(types.MSAInput, fields["msa"])
    if fields.get("pocket") is not None:
        pocket = dict(fields["pocket"])
        pocket["contacts"] = [tuple(contact) for contact in pocket["contacts"]]
        fields["pocket"] = _fill(types.PocketConditioning, pocket)
    return _fill(cls, fields)


def _fill(cls, fields):
    for key, fits in FITS.items():
        value = fields.get(key)
        if not fits(value) if value is not None else key in fields and key in REQUIRED:
            raise TypeError("{} of {}".format(key, cls.__name__))
    return cls(**fields)


def _array(item):
    if "distogram" in item:
        import numpy

        return dict(item, distogram=numpy.asarray(item["distogram"]))
    return item
