"""Function calls: received from the client, passed to a container, and their outputs returned.

Each function variant has one container, started by its first call and stopped with the app.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from .apps import App, Identifiers
from .containers import Container, Containers
from .functions import Function, Functions
from .record import Record

# How long a container waits for work before it asks again, in seconds.
POLL = 50.0


@dataclass
class Input:
    """One call's input and, later, its output."""

    id: str
    call_id: str
    message: api_pb2.FunctionInput
    output: asyncio.Future[api_pb2.FunctionGetOutputsItem]


@dataclass
class Pool:
    """The inputs of one function variant, and its container."""

    function: Function
    waiting: asyncio.Queue[Input | None] = field(default_factory=asyncio.Queue)
    unfinished: dict[str, Input] = field(default_factory=dict)
    container: Container | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Calls:
    """The part of the service that runs functions for clients."""

    def __init__(self, functions: Functions, containers: Containers, identifiers: Identifiers, record: Record) -> None:
        self._functions = functions
        self._containers = containers
        self._identifiers = identifiers
        self._record = record
        self._pools: dict[str, Pool] = {}
        self._inputs: dict[str, list[Input]] = {}

    async def FunctionMap(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        """Receives a call with its inputs and starts it."""
        function = self._functions.function(request.function_id)
        call_id = self._identifiers.new("fc")
        self._inputs[call_id] = []
        answers = [await self._take(function, call_id, item) for item in request.pipelined_inputs]
        return api_pb2.FunctionMapResponse(function_call_id=call_id, pipelined_inputs=answers)

    async def FunctionPutInputs(self, request: api_pb2.FunctionPutInputsRequest) -> api_pb2.FunctionPutInputsResponse:
        """Receives inputs of a call that was started without them."""
        function = self._functions.function(request.function_id)
        answers = [await self._take(function, request.function_call_id, item) for item in request.inputs]
        return api_pb2.FunctionPutInputsResponse(inputs=answers)

    async def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest
    ) -> api_pb2.FunctionGetOutputsResponse:
        """Waits for the outputs of a call. Returns none after a timeout."""
        inputs = self._inputs.get(request.function_call_id)
        if inputs is None:
            raise GRPCError(Status.NOT_FOUND, f"Function call {request.function_call_id} not found")
        outputs = [given.output for given in inputs]
        if outputs and request.timeout > 0:
            await asyncio.wait(outputs, timeout=request.timeout, return_when=asyncio.FIRST_COMPLETED)
        done = [output.result() for output in outputs if output.done()]
        return api_pb2.FunctionGetOutputsResponse(outputs=done, num_unfinished_inputs=len(outputs) - len(done))

    async def _take(
        self, function: Function, call_id: str, item: api_pb2.FunctionPutInputsItem
    ) -> api_pb2.FunctionPutInputsResponseItem:
        pool = self._pools.setdefault(function.id, Pool(function))
        future = asyncio.get_running_loop().create_future()
        given = Input(self._identifiers.new("in"), call_id, item.input, future)
        self._inputs[call_id].append(given)
        pool.unfinished[given.id] = given
        pool.waiting.put_nowait(given)
        self._record.write(
            "called",
            app_id=function.app.id,
            function_id=function.id,
            method=item.input.method_name,
            gpu=function.gpu,
            blob=item.input.WhichOneof("args_oneof") == "args_blob_id",
        )
        async with pool.starting:
            if pool.container is None:
                side = ContainerSide(pool, self._record)
                layout = self._functions.layout(function)
                pool.container = await self._containers.start(function, layout, side, self._died(pool))
        return api_pb2.FunctionPutInputsResponseItem(idx=item.idx, input_id=given.id, input_jwt=given.id)

    def _died(self, pool: Pool) -> Callable[[int], None]:
        def died(status: int) -> None:
            pool.container = None
            _fail(pool, api_pb2.GenericResult.GENERIC_STATUS_FAILURE, f"the container exited with status {status}")

        return died

    def stop(self, app: App) -> None:
        """Ends the containers of an app that has ended: asks them to exit first, then terminates them."""
        for pool in self._pools.values():
            if pool.function.app is app and pool.container is not None:
                pool.waiting.put_nowait(None)
                self._containers.stop(pool.container)


class ContainerSide:
    """The calls that a container may make: to get its inputs, and to return its outputs."""

    def __init__(self, pool: Pool, record: Record) -> None:
        self._pool = pool
        self._record = record

    async def ContainerHello(self, _: Empty) -> Empty:
        """The container's runtime has started."""
        return Empty()

    async def ContainerHeartbeat(self, _: api_pb2.ContainerHeartbeatRequest) -> api_pb2.ContainerHeartbeatResponse:
        """Heartbeat of the container. Nothing is ever cancelled here."""
        return api_pb2.ContainerHeartbeatResponse()

    async def FunctionGetInputs(self, _: api_pb2.FunctionGetInputsRequest) -> api_pb2.FunctionGetInputsResponse:
        """The next input, none yet, or the request to exit."""
        try:
            given = await asyncio.wait_for(self._pool.waiting.get(), POLL)
        except TimeoutError:
            return api_pb2.FunctionGetInputsResponse()
        if given is None:
            item = api_pb2.FunctionGetInputsItem(kill_switch=True)
        else:
            item = api_pb2.FunctionGetInputsItem(
                input_id=given.id,
                input=given.message,
                function_call_id=given.call_id,
                function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC,
            )
        return api_pb2.FunctionGetInputsResponse(inputs=[item])

    async def FunctionPutOutputs(self, request: api_pb2.FunctionPutOutputsRequest) -> Empty:
        """Receives the outputs of inputs."""
        for item in request.outputs:
            given = self._pool.unfinished.pop(item.input_id, None)
            if given is None or given.output.done():
                continue
            given.output.set_result(
                api_pb2.FunctionGetOutputsItem(
                    result=item.result,
                    input_id=item.input_id,
                    data_format=item.data_format,
                    retry_count=item.retry_count,
                )
            )
            self._record.write(
                "answered",
                function_id=self._pool.function.id,
                status=api_pb2.GenericResult.GenericStatus.Name(item.result.status),
                exception=item.result.exception,
                blob=item.result.WhichOneof("data_oneof") == "data_blob_id",
            )
        return Empty()

    async def TaskResult(self, request: api_pb2.TaskResultRequest) -> Empty:
        """The container failed outside of a call, for example during its start: every caller gets the reason."""
        self._record.write("container_failed", exception=request.result.exception)
        for given in self._pool.unfinished.values():
            given.output.set_result(api_pb2.FunctionGetOutputsItem(result=request.result, input_id=given.id))
        self._pool.unfinished.clear()
        return Empty()


def _fail(pool: Pool, status: "api_pb2.GenericResult.GenericStatus.ValueType", why: str) -> None:
    for given in pool.unfinished.values():
        if not given.output.done():
            result = api_pb2.GenericResult(status=status, exception=why)
            given.output.set_result(api_pb2.FunctionGetOutputsItem(result=result, input_id=given.id))
    pool.unfinished.clear()
