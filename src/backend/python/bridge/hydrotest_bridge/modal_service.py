"""Checks Modal's service before a model is called: whether it answers, accepts the token and has the GPU.

Modal's client tries for a minute to reach a missing service, waits forever for a silent one, and reports an unknown GPU only
at the first call. Here each of these is an error at once, with advice.
"""

import asyncio
import contextlib
import socket
import urllib.parse
import urllib.request

# How long a connection and the greeting may take, in seconds.
CONNECT = 5.0
GREET = 10.0
# Advice for a token that is not accepted.
TOKEN = "the token comes from MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or else from the active profile; see `modal token info`"


_shown = contextlib.ExitStack()


def is_selected(selector):
    """Whether a backend selector means Modal."""
    return selector.partition(":")[0].strip() == "modal"


def show_output():
    """Makes the client print its progress and the output of containers, as long as this process lives."""
    import modal

    enable = getattr(modal, "enable_output", None)
    if enable is not None:
        _shown.enter_context(enable())


def check():
    """Greets the service with the token of the environment or of the active profile. Raises an error if it cannot be used."""
    import modal
    from modal.config import config

    addresses = [address.strip() for address in config["server_url"].split(",")]
    has_token = bool(config["token_id"] and config["token_secret"])
    # Without a token the client reports that itself, without a network. Behind a proxy only the client can connect.
    if has_token and not urllib.request.getproxies():
        _connect(addresses)
    where = " or ".join(addresses)
    try:
        asyncio.run(asyncio.wait_for(_greet(modal), GREET))
    except asyncio.TimeoutError:
        raise TimeoutError("Modal's service at {} did not answer within {:g} s".format(where, GREET)) from None
    except modal.exception.AuthError as error:
        if not has_token:
            raise
        raise type(error)("{}; {}".format(error, TOKEN)) from None
    except Exception as error:
        words = "Modal's service at {} does not answer as one: {}: {}".format(where, type(error).__name__, error)
        raise ConnectionError(words) from error


async def _greet(modal):
    # The same client that the app will use, so that there is only one connection.
    client = await modal.Client.from_env.aio()
    await client.hello.aio()


def _connect(addresses):
    """Connects to the first address that accepts; raises the reasons if none does."""
    reasons = []
    for address in addresses:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https"):
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname, port), CONNECT).close()
            return
        except OSError as error:
            reasons.append("{} ({})".format(address, error.strerror or error))
    hint = "; is this machine online, and is MODAL_SERVER_URL right?"
    raise ConnectionError("Modal's service cannot be reached: " + ", ".join(reasons) + hint)


def settle(backend, method, device):
    """Makes Modal resolve the instance for the calls of a method, which checks its requests without starting it."""
    function = getattr(backend.get_model(), method, None)
    if not type(function).__module__.startswith("modal."):
        return
    import modal

    try:
        function.hydrate()
    except modal.exception.InvalidError as error:
        hint = "device is {!r}, and modal.com/docs/guide/gpu lists the classes of GPU".format(device)
        raise type(error)("{}; {}".format(error, hint)) from None
