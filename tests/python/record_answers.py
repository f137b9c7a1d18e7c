"""Sends the recorded requests to a model server of FastAPI and compares its responses with the recorded ones.

    python record_answers.py SERVER.py ../fixtures/fastapi_answers.jsonl

SERVER.py is boileroom's `backend/server.py`, with its package on PYTHONPATH, from which the file was recorded, or
fixture_server.py. With `--record`, the responses replace the recorded ones.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time

KEY = "BOILEROOM_TRANSPORT_HMAC_KEY"
HERE = pathlib.Path(__file__).parent
SERVERS = {
    "signing": ("boileroom.testing.fake_core.HealthcheckCore", {KEY: "k"}),
    "without a secret": ("boileroom.testing.fake_core.HealthcheckCore", {}),
    "raising": ("raising_core.RaisingCore", {KEY: "k"}),
}


def start(script, model, variables):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(HERE)]))
    environment = {**os.environ, **variables, "MODEL_CLASS": model, "DEVICE": "cpu", "PYTHONPATH": path}
    if KEY not in variables:
        environment.pop(KEY, None)
    command = [sys.executable, script, "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{script} exited with status {server.returncode}")


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode("latin1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode("latin1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    kept = {name: headers[name] for name in ("content-type", "allow", "location") if name in headers}
    status = int(lines[0].split()[1])
    # Signed payloads differ between models, and each server has its own error messages.
    text = None if body.startswith(b'{"pickled"') or status in (400, 422) else body.decode()
    return {"status": status, **kept, "body": text}


def main(script, path, *options):
    recorded = [json.loads(line) for line in pathlib.Path(path).read_text("utf-8").strip().split("\n")]
    servers = {name: start(script, *wanted) for name, wanted in SERVERS.items()}
    try:
        today = [
            {"name": row["name"], "request": row["request"], "server": row["server"],
             **ask(servers[row["server"]][1], row["request"])}
            for row in recorded
        ]
    finally:
        for server, _ in servers.values():
            server.terminate()
            server.wait()
    if "--record" in options:
        lines = [json.dumps(row) + "\n" for row in today]
        pathlib.Path(path).write_text("".join(lines), "utf-8")
        return
    different = [(then, now) for then, now in zip(recorded, today, strict=True) if then != now]
    for then, now in different:
        print(f"{then['name']}\n  then {then}\n  now  {now}")
    print(f"{len(today) - len(different)} of {len(today)} answers are as recorded")
    sys.exit(bool(different))


if __name__ == "__main__":
    main(*sys.argv[1:])
