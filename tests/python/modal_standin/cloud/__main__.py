"""Starts the stand-in: `python -m cloud [--record FILE]`, with the accepted token in the environment."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from aiohttp import web
from grpclib.server import Server

from .apps import Apps, Identifiers
from .calls import Calls
from .containers import Containers
from .functions import Functions
from .logs import Logs
from .record import Record
from .service import Service, token_gate
from .uploads import Uploads


async def serve(record: Record, home: Path) -> None:
    """Serves until the standard input ends or a signal arrives."""
    identifiers = Identifiers()
    uploads = Uploads(identifiers)
    store = web.AppRunner(uploads.store())
    await store.setup()
    site = web.TCPSite(store, "127.0.0.1", 0)
    await site.start()
    uploads.blob_url = f"http://127.0.0.1:{store.addresses[0][1]}"

    logs = Logs()
    apps = Apps(identifiers, logs, record)
    functions = Functions(apps, identifiers, record)
    containers = Containers(home, uploads, logs, identifiers, record)
    calls = Calls(functions, containers, identifiers, record)
    apps.on_stop = calls.stop
    gate = token_gate(os.environ["MODAL_TOKEN_ID"], os.environ["MODAL_TOKEN_SECRET"])
    server = Server([Service([apps, uploads, functions, calls, logs], gate, record, "client")])
    listener = await _listen(server)
    print(listener, flush=True)

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(sys.stdin.fileno(), lambda: sys.stdin.buffer.raw.read(4096) or ended.set())
    await ended.wait()

    server.close()
    await containers.close()
    await store.cleanup()


async def _listen(server: Server) -> int:
    """Listens on a free port and returns it."""
    await server.start("127.0.0.1", 0)
    return server._server.sockets[0].getsockname()[1]  # grpclib has no other way to get it


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="cloud", description="A stand-in of Modal's service on loopback.")
    parser.add_argument("--record", type=Path, help="where to note what was asked; else the standard output")
    path = parser.parse_args().record or sys.stdout.fileno()
    with open(path, "ab", buffering=0) as file, tempfile.TemporaryDirectory(prefix="cloud-") as home:
        asyncio.run(serve(Record(file), Path(home)))


if __name__ == "__main__":
    main()
