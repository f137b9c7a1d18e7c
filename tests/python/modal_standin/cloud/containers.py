"""Containers: processes that run Modal's own container runtime on the mounted files.

Each has a directory of its own with its mounted files, its arguments and a socket through which only it can reach the service.
It gets no token and not the caller's Python path.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grpclib.server import Server
from modal_proto import api_pb2

from .apps import Identifiers
from .functions import Function
from .logs import STDERR, STDOUT, Logs
from .record import Record
from .service import Service, open_gate
from .uploads import Uploads

# How long a container may take to end by itself, in seconds.
GRACE = 10.0
# Variables that a container must not inherit.
PRIVATE = ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "PYTHONPATH", "MODAL_CONFIG_PATH", "MODAL_PROFILE")


@dataclass
class Container:
    """A running container."""

    id: str
    directory: Path
    process: asyncio.subprocess.Process
    server: Server
    watch: asyncio.Task[None] | None = field(default=None)


class Containers:
    """Starts containers, and ends all of them."""

    def __init__(
        self, home: Path, uploads: Uploads, logs: Logs, identifiers: Identifiers, record: Record
    ) -> None:
        self._home = home
        self._uploads = uploads
        self._logs = logs
        self._identifiers = identifiers
        self._record = record
        self._running: dict[str, Container] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def start(
        self, function: Function, layout: api_pb2.AppLayout, side: object, died: Callable[[int], None]
    ) -> Container:
        """Starts a container for a function.

        `side` answers the calls that are only a container's; `died` hears the exit status, whenever that is.
        """
        task_id = self._identifiers.new("ta")
        directory = self._home / task_id
        directory.mkdir()
        self._uploads.lay_out(list(function.definition.mount_ids), directory / "files")
        root = directory / "files" / "root"
        root.mkdir(parents=True, exist_ok=True)
        arguments = api_pb2.ContainerArguments(
            task_id=task_id,
            function_id=function.id,
            app_id=function.app.id,
            function_def=function.definition,
            serialized_params=function.parameters,
            environment_name="main",
            app_layout=layout,
        )
        (directory / "arguments").write_bytes(arguments.SerializeToString())
        server = Server([Service([side, self._uploads], open_gate, self._record, task_id)])
        await server.start(path=str(directory / "socket"))
        environment = {name: value for name, value in os.environ.items() if name not in PRIVATE}
        environment |= {
            "MODAL_IS_REMOTE": "1",
            "MODAL_SERVER_URL": f"unix://{directory}/socket",
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(directory / "arguments"),
            "MODAL_TASK_ID": task_id,
            "PYTHONPATH": str(root),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "modal._container_entrypoint",
            cwd=root,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_die_with_parent,
            start_new_session=True,
        )
        container = Container(task_id, directory, process, server)
        self._running[task_id] = container
        self._record.write("container_started", task_id=task_id, function_id=function.id, gpu=function.gpu)
        container.watch = asyncio.create_task(self._watch(container, function.app.id, died))
        return container

    async def _watch(self, container: Container, app_id: str, died: Callable[[int], None]) -> None:
        process = container.process
        streams = [(process.stdout, STDOUT), (process.stderr, STDERR)]
        printing = [asyncio.create_task(self._keep(app_id, container.id, *stream)) for stream in streams]
        status = await process.wait()
        _kill_group(process.pid)
        await asyncio.gather(*printing)
        self._record.write("container_ended", task_id=container.id, status=status)
        container.server.close()
        await container.server.wait_closed()
        self._running.pop(container.id, None)
        shutil.rmtree(container.directory, ignore_errors=True)
        died(status)

    async def _keep(
        self,
        app_id: str,
        task_id: str,
        stream: asyncio.StreamReader | None,
        descriptor: "api_pb2.FileDescriptor.ValueType",
    ) -> None:
        assert stream is not None
        while line := await stream.readline():
            text = line.decode("utf-8", "replace")
            sys.stderr.write(text)
            await self._logs.put(app_id, task_id, descriptor, text)

    def stop(self, container: Container) -> None:
        """Waits for a container to exit, and kills it after a timeout."""

        async def end() -> None:
            try:
                await asyncio.wait_for(asyncio.shield(_ended(container)), GRACE)
            except TimeoutError:
                _kill_group(container.process.pid)

        task = asyncio.create_task(end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Ends all containers at once."""
        for container in list(self._running.values()):
            _kill_group(container.process.pid)
            await _ended(container)


async def _ended(container: Container) -> None:
    if container.watch is not None:
        await container.watch


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    """Makes the kernel kill this process when the stand-in dies."""
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
