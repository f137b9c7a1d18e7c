"""Converts structured input to the objects that boileroom's users write.

Input without such an object, such as an unknown kind of molecule or a number as a name, stays a mapping: it tests how the
model reacts to it.
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


# The types of fields, which the classes declare but do not check.
FITS = {
    "id": lambda value: _text(value) or _texts(value),
    "sequence": _text,
    "smiles": _text,
    "ccd": lambda value: _text(value) or _texts(value),
    "remove_insertions": lambda value: isinstance(value, bool),
    "path": _text,
    "binder_chain_id": _text,
}
# The fields that cannot be None.
REQUIRED = ("id", "sequence", "binder_chain_id")


def convert(value, types):
    """Converts a value. `types` is the name of the module with the classes."""
    if isinstance(value, dict):
        return _object(value, types)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        objects = [_object(item, types) for item in value]
        # A list must not mix objects and mappings.
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
