"""Modal's service as a table of calls: finds the method of a call, checks the caller's token, and records the call.

The calls and their messages come from the definitions that Modal's client is generated from, so a newer client may make calls
that are missing here. It gets UNIMPLEMENTED with the name of the call, which is recorded too.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.server import Stream
from modal_proto import api_pb2

from .record import Record

# Checks whether a caller is allowed, by the metadata of the call. Raises GRPCError if not.
Gate = Callable[[Mapping[str, Any]], None]

# Fields that are recorded. All others are payload or noise.
RECORDED = ("app_id", "function_id", "description", "environment_name", "app_state", "reason", "exception")


class Service:
    """Handles gRPC calls with the methods of `parts` that have the calls' names.

    A part's method takes the request and returns the response, or, for a call with a streamed response, yields them.
    """

    def __init__(self, parts: Sequence[object], gate: Gate, record: Record, caller: str) -> None:
        self._parts = parts
        self._gate = gate
        self._record = record
        self._caller = caller

    def __mapping__(self) -> dict[str, Handler]:
        """All calls of Modal's service by path, as grpclib needs them."""
        service = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]
        return {f"/{service.full_name}/{method.name}": self._handler(method) for method in service.methods}

    def _handler(self, method: MethodDescriptor) -> Handler:
        found = (getattr(part, method.name) for part in self._parts if hasattr(part, method.name))
        answer = next(found, None)

        async def serve(stream: Stream[Message, Message]) -> None:
            request = await stream.recv_message()
            assert request is not None
            try:
                self._gate(stream.metadata or {})
                if answer is None:
                    raise GRPCError(Status.UNIMPLEMENTED, f"the stand-in knows no {method.name}")
                self._note(method.name, request)
                if inspect.isasyncgenfunction(answer):
                    async for response in answer(request):
                        await stream.send_message(response)
                else:
                    await stream.send_message(await answer(request))
            except GRPCError as error:
                self._record.write(
                    "refused", call=method.name, caller=self._caller, status=error.status.name, why=error.message
                )
                raise

        return Handler(
            serve,
            Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY,
            message_factory.GetMessageClass(method.input_type),
            message_factory.GetMessageClass(method.output_type),
        )

    def _note(self, call: str, request: Message) -> None:
        fields = {field.name: value for field, value in request.ListFields()}
        self._record.write(call, caller=self._caller, **{name: fields[name] for name in RECORDED if name in fields})


def token_gate(token_id: str, token_secret: str) -> Gate:
    """Allows callers with this token, which is in the metadata of every call, like in Modal."""

    def check(metadata: Mapping[str, Any]) -> None:
        given = metadata.get("x-modal-token-id"), metadata.get("x-modal-token-secret")
        if given != (token_id, token_secret):
            raise GRPCError(Status.UNAUTHENTICATED, "Token ID not found or token secret wrong")

    return check


def open_gate(_: Mapping[str, Any]) -> None:
    """Allows all callers: containers use a socket of their own and have no token."""
