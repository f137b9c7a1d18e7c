"""Two users of one model on Modal, each with its own GPU: they share the app, and the second one to stop leaves it."""

from modal_boiler.boileroom import ESM2

first = ESM2(device="A100-40GB")
second = ESM2()
assert first.embed("MALW").embeddings.shape == second.embed("MALW").embeddings.shape
first.__exit__()
assert second.embed("MAL").embeddings.shape[1] == 3
second.__exit__()
second.__exit__()
