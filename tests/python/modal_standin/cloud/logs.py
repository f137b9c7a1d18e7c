"""The output of containers: stored for each app, and streamed to its client until the app has ended."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

from modal_proto import api_pb2

STDOUT = api_pb2.FILE_DESCRIPTOR_STDOUT
STDERR = api_pb2.FILE_DESCRIPTOR_STDERR


class Logs:
    """The part of the service for output."""

    def __init__(self) -> None:
        self._batches: defaultdict[str, list[api_pb2.TaskLogsBatch]] = defaultdict(list)
        self._changed = asyncio.Condition()

    async def put(self, app_id: str, task_id: str, descriptor: "api_pb2.FileDescriptor.ValueType", text: str) -> None:
        """Stores the output of a container."""
        log = api_pb2.TaskLogs(data=text, file_descriptor=descriptor)
        await self._add(app_id, api_pb2.TaskLogsBatch(task_id=task_id, items=[log]))

    async def end(self, app_id: str) -> None:
        """Ends the output of an app."""
        await self._add(app_id, api_pb2.TaskLogsBatch(app_done=True))

    async def _add(self, app_id: str, batch: api_pb2.TaskLogsBatch) -> None:
        async with self._changed:
            batches = self._batches[app_id]
            batch.entry_id = str(len(batches) + 1)
            batches.append(batch)
            self._changed.notify_all()

    async def AppGetLogs(self, request: api_pb2.AppGetLogsRequest) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        """The output of an app's containers after the last entry that the client has seen."""
        batches = self._batches[request.app_id]
        seen = int(request.last_entry_id or 0)
        while True:
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait_for(lambda: len(batches) > seen), request.timeout or None)
                except TimeoutError:
                    return
            for batch in batches[seen:]:
                seen += 1
                yield batch
                if batch.app_done:
                    return
