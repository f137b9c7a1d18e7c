"""A model server like boileroom's, with real FastAPI, uvicorn, NumPy and biotite, that responds to every call with a known object.

    MODEL_CLASS=boileroom.models.esm.core.ESM2Core python fixture_server.py --host 127.0.0.1 --port 8000

MODEL_CLASS selects the object (other classes are imported as cores), and PICKLE_PROTOCOL the pickle protocol (by default Python's).
`GET /described` returns the description of the object by describe.py. The option `raise` makes a call raise its value.
"""

import argparse
import base64
import hashlib
import hmac
import importlib
import os
import pickle
import sys
from typing import Any

import boileroom_classes as b
import make_pickles as values
import numpy as np
import uvicorn
from describe import describe
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel

KEY = "BOILEROOM_TRANSPORT_HMAC_KEY"


def esm3():
    tracks = {name: values.floats(1, 3, 4) for name in (
        "sasa_logits", "secondary_structure_logits", "function_logits", "residue_annotation_logits")}
    index = np.zeros((1, 3), np.int32)
    return b.ESMEmbeddingOutput(values.metadata("esm3", 3), values.floats(1, 3, 8), index, index, **tracks)


OBJECTS = {
    "boileroom.models.esm.core.ESMFoldCore": values.esmfold,
    "boileroom.models.esm.core.ESM2Core": values.esm2,
    "boileroom.models.esmfold2.core.ESMFold2Core": values.esmfold2,
    "boileroom.models.esm3.core.ESMCCore": values.esmc,
    "boileroom.models.esm3.core.ESM3Core": esm3,
    "boileroom.models.chai.core.Chai1Core": values.chai,
    "boileroom.models.boltz.core.Boltz2Core": values.boltz,
    "boileroom.testing.fake_core.HealthcheckCore": values.healthcheck,
}
FOLDING = ("ESMFoldCore", "ESMFold2Core", "Chai1Core", "Boltz2Core")


app = FastAPI()


class EmbedRequest(BaseModel):
    sequences: str | list[str]
    options: dict[str, Any] | None = None


class FoldRequest(BaseModel):
    sequences: str | list[str] | dict[str, Any] | list[dict[str, Any]]
    options: dict[str, Any] | None = None


def sign(output):
    key = os.environ.get(KEY)
    if not key:
        raise RuntimeError(f"{KEY} environment variable must be set")
    protocol = os.environ.get("PICKLE_PROTOCOL")
    payload = pickle.dumps(output, protocol=protocol and int(protocol))
    signature = hmac.new(key.encode(), payload, hashlib.sha256).hexdigest()
    return JSONResponse({"pickled": base64.b64encode(payload).decode(), "hmac": signature})


def core(path):
    """An object of the class that MODEL_CLASS names: one of ours that returns its known object, or any other class."""
    module, _, name = path.rpartition(".")
    if path not in OBJECTS:
        return getattr(importlib.import_module(module), name)()
    methods = ["fold", "embed"] if name == "HealthcheckCore" else ["fold" if name in FOLDING else "embed"]
    output = OBJECTS[path]()

    def predict(self, sequences, options=None):
        if "raise" in (options or {}):
            raise ValueError(options["raise"])
        return output

    return type(name, (), {"output": output, **dict.fromkeys(methods, predict)})()


def answer(doing, method, request):
    try:
        return sign(getattr(app.state.core, method)(request.sequences, options=request.options))
    except Exception as error:
        raise HTTPException(500, f"{doing} failed: {error}") from error


@app.get("/health")
async def health():
    return {"status": "ready"}


@app.get("/described")
async def described():
    return JSONResponse(describe(app.state.core.output))


@app.post("/embed")
async def embed(request: EmbedRequest):
    return answer("Embedding", "embed", request)


@app.post("/fold")
async def fold(request: FoldRequest):
    return answer("Folding", "fold", request)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        app.state.core = core(os.environ["MODEL_CLASS"])
    except Exception as error:
        sys.exit(f"the model cannot be loaded: {error!r}")
    uvicorn.run(app, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
