"""Boileroom's response classes under their own module names, without boileroom.

Importing this module makes `boileroom.base` and the `types` modules importable, with dataclasses that have the
attributes of the published ones in the same order. Nothing else of boileroom is included.
"""

import dataclasses
import sys
import types

CLASSES = {
    "boileroom.base.PredictionMetadata": """model_name model_version sequence_lengths preprocessing_time
        inference_time postprocessing_time""",
    "boileroom.models.esm.types.ESM2Output": "embeddings metadata chain_index residue_index hidden_states lm_logits",
    "boileroom.models.esm.types.ESMFoldOutput": """metadata atom_array frames sidechain_frames unnormalized_angles
        angles states s_s s_z distogram_logits lm_logits aatype atom14_atom_exists residx_atom14_to_atom37
        residx_atom37_to_atom14 atom37_atom_exists residue_index lddt_head plddt ptm_logits ptm
        aligned_confidence_probs pae max_pae chain_index pdb cif""",
    "boileroom.models.esm3.types.ESMEmbeddingOutput": """metadata embeddings chain_index residue_index hidden_states
        lm_logits sasa_logits secondary_structure_logits function_logits residue_annotation_logits""",
    "boileroom.models.esmfold2.types.ESMFold2Output": """metadata atom_array plddt ptm iptm pae distogram
        pair_chains_iptm residue_index entity_id pdb cif""",
    "boileroom.models.chai.types.Chai1Output": "metadata atom_array pae pde plddt ptm iptm per_chain_iptm cif",
    "boileroom.models.boltz.types.Boltz2Output": "metadata atom_array confidence plddt ptm iptm pae pde pdb cif",
    "boileroom.testing.fake_core.HealthcheckOutput": "status options",
}


def _module(name):
    """The module of a dotted name. Creates it and its parents if they do not exist."""
    if name in sys.modules:
        return sys.modules[name]
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    parent, _, leaf = name.rpartition(".")
    if parent:
        setattr(_module(parent), leaf, module)
    return module


def _define(path, fields):
    module_name, _, name = path.rpartition(".")
    cls = dataclasses.make_dataclass(name, [(field, object, None) for field in fields.split()])
    cls.__module__ = module_name
    setattr(_module(module_name), name, cls)
    return cls


for _path, _fields in CLASSES.items():
    globals()[_path.rpartition(".")[2]] = _define(_path, _fields)
