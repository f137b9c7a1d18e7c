"""Reads a response body like boileroom's client does and prints the best time in seconds and the peak memory in bytes.

python read_response.py BODY SECRET ROUNDS
"""

import base64
import hashlib
import hmac
import json
import pickle
import resource
import sys
import time

import boileroom_classes  # noqa: F401  makes the classes loadable
import numpy  # noqa: F401  its import is not measured


def read(text, secret):
    body = json.loads(text)
    payload = base64.b64decode(body["pickled"])
    signature = hmac.new(secret.encode("utf-8"), payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(body["hmac"], signature):
        raise SystemExit("wrong signature")
    return pickle.loads(payload)


def main(path, secret, rounds):
    best = float("inf")
    for _ in range(int(rounds)):
        with open(path, "rb") as file:
            text = file.read()
        start = time.perf_counter()
        read(text, secret)
        best = min(best, time.perf_counter() - start)
    print(best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
