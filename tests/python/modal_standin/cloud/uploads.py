"""Data that a client sends before its calls: files to mount, images, volumes, and payloads too large for a message.

Files are stored by hash, as named by the client, and copied for each container. Images are accepted but not built: every
container runs on the interpreter of the stand-in.
"""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from aiohttp import web
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from .apps import IMAGE_BUILDER_VERSION, Identifiers


class Uploads:
    """The part of the service for uploads."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._files: dict[str, bytes] = {}
        self._mounts: dict[str, list[api_pb2.MountFile]] = {}
        self._blobs: dict[str, bytes] = {}
        # The address of the blob store, set when it listens.
        self.blob_url = ""

    def lay_out(self, mount_ids: list[str], root: Path) -> None:
        """Writes the files of mounts below `root`, which stands for the root of a container's file system."""
        for mount_id in mount_ids:
            for file in self._mounts[mount_id]:
                relative = PurePosixPath(file.filename).relative_to("/")
                if ".." in relative.parts:
                    raise GRPCError(Status.INVALID_ARGUMENT, f"{file.filename} leaves its mount")
                path = root / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._files[file.sha256_hex])

    async def MountBatchedCheckExistence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        """The hashes of the files that are still missing."""
        missing = [name for name in request.sha256_hex_hashes if name not in self._files]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountPutFile(self, request: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        """Receives a file."""
        blob = request.WhichOneof("data_oneof") == "data_blob_id"
        self._files[request.sha256_hex] = self._blobs[request.data_blob_id] if blob else request.data
        return api_pb2.MountPutFileResponse(exists=True)

    async def MountGetOrCreate(self, request: api_pb2.MountGetOrCreateRequest) -> api_pb2.MountGetOrCreateResponse:
        """Creates a mount from files that were sent before."""
        mount_id = self._identifiers.new("mo")
        self._mounts[mount_id] = list(request.files)
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id, handle_metadata=api_pb2.MountHandleMetadata())

    async def ImageGetOrCreate(self, request: api_pb2.ImageGetOrCreateRequest) -> api_pb2.ImageGetOrCreateResponse:
        """Accepts an image. The client then waits for its build."""
        return api_pb2.ImageGetOrCreateResponse(image_id=self._identifiers.new("im"))

    async def ImageJoinStreaming(
        self, request: api_pb2.ImageJoinStreamingRequest
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        """Reports the end of the build, although nothing is built."""
        yield api_pb2.ImageJoinStreamingResponse(
            result=api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS),
            entry_id="1-0",
            eof=True,
            metadata=api_pb2.ImageMetadata(image_builder_version=IMAGE_BUILDER_VERSION),
        )

    async def VolumeGetOrCreate(self, request: api_pb2.VolumeGetOrCreateRequest) -> api_pb2.VolumeGetOrCreateResponse:
        """A volume by name. It is always empty."""
        metadata = api_pb2.VolumeMetadata(name=request.deployment_name)
        return api_pb2.VolumeGetOrCreateResponse(volume_id=f"vo-{request.deployment_name}", metadata=metadata)

    async def VolumeCommit(self, request: api_pb2.VolumeCommitRequest) -> api_pb2.VolumeCommitResponse:
        """Saves the volume of a container that exits."""
        return api_pb2.VolumeCommitResponse()

    async def BlobCreate(self, _: api_pb2.BlobCreateRequest) -> api_pb2.BlobCreateResponse:
        """The address to upload a large payload to."""
        blob_id = self._identifiers.new("bl")
        urls = api_pb2.UploadUrlList(items=[f"{self.blob_url}/{blob_id}"])
        return api_pb2.BlobCreateResponse(blob_ids=[blob_id], upload_urls=urls)

    async def BlobGet(self, request: api_pb2.BlobGetRequest) -> api_pb2.BlobGetResponse:
        """The address to download a large payload from."""
        if request.blob_id not in self._blobs:
            raise GRPCError(Status.NOT_FOUND, f"Blob {request.blob_id} not found")
        return api_pb2.BlobGetResponse(download_url=f"{self.blob_url}/{request.blob_id}")

    def store(self) -> web.Application:
        """The store behind those addresses, as an HTTP application."""

        async def put(request: web.Request) -> web.Response:
            data = self._blobs[request.match_info["id"]] = await request.read()
            # The client compares the tag with its own checksum.
            return web.Response(headers={"ETag": f'"{hashlib.md5(data).hexdigest()}"'})

        async def get(request: web.Request) -> web.Response:
            return web.Response(body=self._blobs[request.match_info["id"]])

        application = web.Application(client_max_size=1 << 30)
        application.add_routes([web.put("/{id}", put), web.get("/{id}", get)])
        return application
