"""Runs the released boileroom as a client, with its own proxy, transport and classes.

    python boileroom_client.py call < CALLS    the response to each call, in the format of describe.py
    python boileroom_client.py read < BODIES   one JSON text per body: null, or why it cannot be read

The secret is in BOILEROOM_TRANSPORT_HMAC_KEY. CALLS are lists of address, method, input and options, BODIES are response
bodies, one per line.
"""

import dataclasses
import importlib
import json
import os
import sys
import types

import httpx
from boileroom.backend.apptainer import _ApptainerModelProxy, _deserialize_output

# describe.py creates stand-ins for boileroom's classes; here the real ones are used.
sys.modules["boileroom_classes"] = types.ModuleType("boileroom_classes")
from describe import describe  # noqa: E402

SECRET = os.environ["BOILEROOM_TRANSPORT_HMAC_KEY"]


def call():
    for line in sys.stdin:
        call_one(*json.loads(line))


def call_one(url, method, sequences, options):
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        proxy = _ApptainerModelProxy(client, SECRET)
        output = getattr(proxy, method)(sequences, options=options)
    cls = type(output)
    published = getattr(importlib.import_module(cls.__module__), cls.__qualname__)
    if cls is not published or not dataclasses.is_dataclass(cls):
        raise SystemExit(f"{cls} is no class of boileroom's")
    names = [field.name for field in dataclasses.fields(cls)]
    if list(vars(output)) != names:
        raise SystemExit(f"{cls.__name__} has {names}, and came with {list(vars(output))}")
    print(json.dumps(describe(output)))


def read():
    for line in sys.stdin:
        try:
            _deserialize_output(json.loads(line), SECRET)
        except Exception as error:
            print(json.dumps(f"{type(error).__name__}: {error}"))
        else:
            print(json.dumps(None))


if __name__ == "__main__":
    {"call": call, "read": read}[sys.argv[1]]()
