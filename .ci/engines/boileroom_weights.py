"""Writes checkpoints of ESM-2 (8M) and ESMFold with random numbers to where boileroom looks for the published ones: boileroom_weights.py DIR

The widths are the published ones, so that every array of a response has its real shape. ESMFold has two of its 48 trunk blocks and the
smallest language model as its stem, which does not affect any output shape.
"""

import hashlib
import json
import pathlib
import sys

import torch
from transformers import EsmConfig, EsmForMaskedLM, EsmForProteinFolding

LANGUAGE = "<cls> <pad> <eos> <unk> L A G V S E R T I D P K Q N F Y M H W C X B U Z O . - <null_1> <mask>".split()
FOLDING = [*"ARNDCQEGHILKMFPSTWYVX", "<pad>", "<mask>", "<cls>", "<sep>", "<eos>", "<unk>"]

SMALLEST = {
    "vocab_size": len(LANGUAGE),
    "pad_token_id": LANGUAGE.index("<pad>"),
    "mask_token_id": LANGUAGE.index("<mask>"),
    "num_hidden_layers": 6,
    "hidden_size": 320,
    "intermediate_size": 1280,
    "num_attention_heads": 20,
    "max_position_embeddings": 1026,
    "position_embedding_type": "rotary",
    "layer_norm_eps": 1e-5,
    "token_dropout": True,
    "emb_layer_norm_before": False,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


def language_model():
    return EsmForMaskedLM(EsmConfig(**SMALLEST))


def folding_model():
    folding = {
        "esm_type": "esm2_8M_random",
        "embed_aa": True,
        "bypass_lm": False,
        "fp16_esm": False,
        "lddt_head_hid_dim": 128,
        "trunk": {"num_blocks": 2, "max_recycles": 4},
    }
    config = EsmConfig(**SMALLEST, is_folding_model=True, vocab_list=tuple(LANGUAGE), esmfold_config=folding)
    return EsmForProteinFolding(config)


def keep(models, name, model, tokens, padding):
    """Writes a checkpoint as the revision `main` of the repository `name` in a cache of Hugging Face's layout."""
    repository = models / f"models--{name.replace('/', '--')}"
    revision = hashlib.sha1(name.encode()).hexdigest()
    files = repository / "snapshots" / revision
    model.eval().save_pretrained(files)
    (files / "vocab.txt").write_text("\n".join(tokens))
    special = {"cls_token": "<cls>", "eos_token": "<eos>", "unk_token": "<unk>", "mask_token": "<mask>", "pad_token": padding}
    (files / "special_tokens_map.json").write_text(json.dumps(special))
    # Like the published ones: without a maximum length, so that nothing is truncated.
    (files / "tokenizer_config.json").write_text(json.dumps({**special, "tokenizer_class": "EsmTokenizer"}))
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)


def main():
    models = pathlib.Path(sys.argv[1])
    torch.manual_seed(1)
    keep(models, "facebook/esm2_t6_8M_UR50D", language_model(), LANGUAGE, "<pad>")
    torch.manual_seed(2)
    # ESMFold counts residue types from 0 and pads with the first one.
    keep(models, "facebook/esmfold_v1", folding_model(), FOLDING, "A")


if __name__ == "__main__":
    main()
