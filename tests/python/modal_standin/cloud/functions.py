"""Functions, the classes made of them, and their variants: one per set of class parameters and options."""

from dataclasses import dataclass

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from .apps import App, Apps, Identifiers
from .record import Record

# The GPUs of Modal's guide, and the older A10G, in capitals as the client sends them.
GPUS = frozenset("T4 L4 A10 A10G L40S A100 A100-40GB A100-80GB RTX-PRO-6000 H100 H100! H200 B200 B200+".split())

# The description of a volume for its users.
VOLUME = api_pb2.VolumeMetadata()


@dataclass
class Function:
    """A function, or a variant of one: what a container needs to run it."""

    id: str
    app: App
    definition: api_pb2.Function
    metadata: api_pb2.FunctionHandleMetadata
    # The values of the class's parameters, serialised by the client.
    parameters: bytes = b""

    @property
    def gpu(self) -> str:
        """The requested class of GPU, or an empty string."""
        return self.definition.resources.gpu_config.gpu_type


class Functions:
    """The part of the service for functions."""

    def __init__(self, apps: Apps, identifiers: Identifiers, record: Record) -> None:
        self._apps = apps
        self._identifiers = identifiers
        self._record = record
        self._functions: dict[str, Function] = {}
        self._classes: dict[str, str] = {}

    def function(self, function_id: str) -> Function:
        """A function of an app that still runs, or NOT_FOUND."""
        function = self._functions.get(function_id)
        if function is None:
            raise GRPCError(Status.NOT_FOUND, f"Function {function_id} not found")
        self._apps.app(function.app.id)
        return function

    def layout(self, function: Function) -> api_pb2.AppLayout:
        """The data that a function's container needs: the public objects of its app, and the function's dependencies."""
        app = function.app
        objects = [
            api_pb2.Object(object_id=name, function_handle_metadata=self._functions[name].metadata)
            for name in app.function_ids.values()
        ]
        objects += [
            api_pb2.Object(object_id=name, class_handle_metadata=api_pb2.ClassHandleMetadata())
            for name in app.class_ids.values()
        ]
        objects += [
            api_pb2.Object(object_id=dependency.object_id, volume_metadata=VOLUME)
            if dependency.object_id.startswith("vo-")
            else api_pb2.Object(object_id=dependency.object_id)
            for dependency in function.definition.object_dependencies
        ]
        return api_pb2.AppLayout(objects=objects, function_ids=app.function_ids, class_ids=app.class_ids)

    async def FunctionPrecreate(self, request: api_pb2.FunctionPrecreateRequest) -> api_pb2.FunctionPrecreateResponse:
        """Assigns an id to a function before its definition is complete."""
        app = self._apps.app(request.app_id)
        definition = api_pb2.Function(
            function_name=request.function_name,
            function_type=request.function_type,
            method_definitions=request.method_definitions,
        )
        function_id = request.existing_function_id or self._identifiers.new("fu")
        metadata = _metadata(definition, app)
        self._functions[function_id] = Function(function_id, app, definition, metadata)
        return api_pb2.FunctionPrecreateResponse(function_id=function_id, handle_metadata=metadata)

    async def FunctionCreate(self, request: api_pb2.FunctionCreateRequest) -> api_pb2.FunctionCreateResponse:
        """Defines a function."""
        app = self._apps.app(request.app_id)
        definition = request.function
        _check_gpu(definition.resources)
        function_id = request.existing_function_id or self._identifiers.new("fu")
        function = Function(function_id, app, definition, _metadata(definition, app))
        self._functions[function_id] = function
        self._record.write(
            "function_created",
            app_id=app.id,
            function_id=function_id,
            name=definition.function_name,
            module=definition.module_name,
            gpu=function.gpu,
            timeout=definition.timeout_secs,
            volumes=[volume.mount_path for volume in definition.volume_mounts],
        )
        ranked = api_pb2.FunctionData.RankedFunction(rank=0, function=definition)
        return api_pb2.FunctionCreateResponse(
            function_id=function_id,
            handle_metadata=function.metadata,
            function_data=api_pb2.FunctionData(ranked_functions=[ranked]),
        )

    async def ClassCreate(self, request: api_pb2.ClassCreateRequest) -> api_pb2.ClassCreateResponse:
        """Assigns an id to a class. Its methods are known from its function."""
        self._apps.app(request.app_id)
        class_id = request.existing_class_id or self._identifiers.new("cs")
        return api_pb2.ClassCreateResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    async def FunctionBindParams(
        self, request: api_pb2.FunctionBindParamsRequest
    ) -> api_pb2.FunctionBindParamsResponse:
        """Creates a variant of a class's function for an instance: its parameters, and options such as the GPU."""
        base = self.function(request.function_id)
        definition = api_pb2.Function()
        definition.CopyFrom(base.definition)
        if request.function_options.HasField("resources"):
            _check_gpu(request.function_options.resources)
            definition.resources.MergeFrom(request.function_options.resources)
        variant_id = self._identifiers.new("fu")
        variant = Function(variant_id, base.app, definition, base.metadata, request.serialized_params)
        self._functions[variant_id] = variant
        values = api_pb2.ClassParameterSet.FromString(request.serialized_params).parameters
        self._record.write(
            "instance_bound",
            app_id=base.app.id,
            function_id=variant_id,
            name=definition.function_name,
            gpu=variant.gpu,
            parameters={value.name: _readable(value) for value in values},
        )
        return api_pb2.FunctionBindParamsResponse(bound_function_id=variant_id, handle_metadata=base.metadata)


def _check_gpu(resources: api_pb2.Resources) -> None:
    name = resources.gpu_config.gpu_type
    if name and name not in GPUS:
        raise GRPCError(Status.INVALID_ARGUMENT, f"{name} is not a valid GPU type")


def _readable(value: api_pb2.ClassParameterValue) -> str:
    content = getattr(value, value.WhichOneof("value_oneof"))
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def _metadata(definition: api_pb2.Function, app: App) -> api_pb2.FunctionHandleMetadata:
    """The metadata of a function for the client, including the methods of a class's function."""
    methods = {
        name: api_pb2.FunctionHandleMetadata(
            function_name=method.function_name,
            function_type=method.function_type,
            is_method=True,
            use_method_name=name,
            app_id=app.id,
            function_schema=method.function_schema,
            supported_input_formats=method.supported_input_formats,
            supported_output_formats=method.supported_output_formats,
        )
        for name, method in definition.method_definitions.items()
    }
    return api_pb2.FunctionHandleMetadata(
        function_name=definition.function_name,
        function_type=definition.function_type,
        class_parameter_info=definition.class_parameter_info,
        method_handle_metadata=methods,
        app_id=app.id,
        supported_input_formats=definition.supported_input_formats,
        supported_output_formats=definition.supported_output_formats,
    )
