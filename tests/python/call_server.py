"""Calls a model server like boileroom's client does and prints the response in the format of describe.py.

python call_server.py URL METHOD SEQUENCE OPTIONS, with the secret in BOILEROOM_TRANSPORT_HMAC_KEY
"""

import json
import os
import sys
import urllib.request

from describe import describe
from read_response import read


def main(url, method, sequence, options):
    body = json.dumps({"sequences": sequence, "options": json.loads(options)}).encode()
    request = urllib.request.Request(f"{url}/{method}", body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as response:
        prediction = read(response.read(), os.environ["BOILEROOM_TRANSPORT_HMAC_KEY"])
    print(json.dumps(describe(prediction)))


if __name__ == "__main__":
    main(*sys.argv[1:])
