"""Apps and their environment: created, published, kept alive by heartbeats, and left."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from .logs import Logs
from .record import Record

# The newest version that the client knows. It determines the form of an image definition.
IMAGE_BUILDER_VERSION = "2025.06"


class Identifiers:
    """Assigns ids like Modal does: two letters for the type, and a number."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self, prefix: str) -> str:
        """The next id, such as `fu-000007`."""
        return f"{prefix}-{next(self._numbers):06}"


@dataclass
class App:
    """An app and its public objects by name."""

    id: str
    description: str
    function_ids: dict[str, str] = field(default_factory=dict)
    class_ids: dict[str, str] = field(default_factory=dict)
    running: bool = True


class Apps:
    """The part of the service for apps."""

    def __init__(self, identifiers: Identifiers, logs: Logs, record: Record) -> None:
        self._identifiers = identifiers
        self._logs = logs
        self._record = record
        self._apps: dict[str, App] = {}
        # Called with an app that has ended.
        self.on_stop: Callable[[App], None] = lambda _: None

    def app(self, app_id: str) -> App:
        """A running app, or NOT_FOUND."""
        app = self._apps.get(app_id)
        if app is None or not app.running:
            raise GRPCError(Status.NOT_FOUND, f"App {app_id} not found or stopped")
        return app

    async def ClientHello(self, _: Empty) -> api_pb2.ClientHelloResponse:
        """Accepts the client and its token."""
        return api_pb2.ClientHelloResponse(image_builder_version=IMAGE_BUILDER_VERSION)

    async def EnvironmentGetOrCreate(
        self, request: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        """Every workspace has one environment here, with any name."""
        settings = api_pb2.EnvironmentSettings(image_builder_version=IMAGE_BUILDER_VERSION)
        name = request.deployment_name or "main"
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id="en-000000", metadata=api_pb2.EnvironmentMetadata(name=name, settings=settings)
        )

    async def AppCreate(self, request: api_pb2.AppCreateRequest) -> api_pb2.AppCreateResponse:
        """Starts an app that lives until its client leaves it."""
        app = App(self._identifiers.new("ap"), request.description)
        self._apps[app.id] = app
        self._record.write("app_created", app_id=app.id, description=app.description)
        page = f"http://127.0.0.1/apps/{app.id}"
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=page, app_logs_url=f"{page}/logs")

    async def AppPublish(self, request: api_pb2.AppPublishRequest) -> api_pb2.AppPublishResponse:
        """Makes an app's functions and classes known by name."""
        app = self.app(request.app_id)
        app.function_ids.update(request.function_ids)
        app.class_ids.update(request.class_ids)
        return api_pb2.AppPublishResponse(url=f"http://127.0.0.1/apps/{app.id}")

    async def AppHeartbeat(self, request: api_pb2.AppHeartbeatRequest) -> Empty:
        """Heartbeat of the client. Missing heartbeats have no effect here."""
        self.app(request.app_id)
        return Empty()

    async def AppClientDisconnect(self, request: api_pb2.AppClientDisconnectRequest) -> Empty:
        """Ends an app and its containers."""
        app = self.app(request.app_id)
        app.running = False
        reason = api_pb2.AppDisconnectReason.Name(request.reason)
        self._record.write("app_stopped", app_id=app.id, description=app.description, why=reason)
        self.on_stop(app)
        await self._logs.end(app.id)
        return Empty()
