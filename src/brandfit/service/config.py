"""Settings of the service: address, limits, keys."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from msgspec import Meta

from brandfit.config import Config


class ServiceConfig(Config, frozen=True):
    """Settings of ``brandfit serve``."""

    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="port to listen on; 0: any free port", ge=0, le=65535)] = 8080
    hosts: Annotated[
        tuple[str, ...], Meta(description="host names of the service, in addition to those of this machine")
    ] = ()
    origins: Annotated[
        tuple[str, ...], Meta(description="other sites whose pages may call the API (CORS)")
    ] = ()
    keys: Annotated[
        bool | None,
        Meta(description="whether requests need a key; none: on all addresses that other machines can reach"),
    ] = None
    rate: Annotated[
        float, Meta(description="requests per second that one caller may send on average; 0: any", ge=0)
    ] = 50.0
    burst: Annotated[int, Meta(description="requests at once before the rate applies", ge=1)] = 200
    body: Annotated[int, Meta(description="maximum bytes of a request", ge=1024)] = 2 * 2**20
    upload: Annotated[int, Meta(description="maximum bytes of an upload", ge=1024)] = 4 * 2**30
    seconds: Annotated[
        float,
        Meta(description="seconds for the head of a request, and between two parts of its body", gt=0),
    ] = 20.0
    threads: Annotated[int, Meta(description="requests that are answered at once", ge=1)] = 8

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the service. A host name other than localhost counts as
        public."""
        # Names are not resolved, because the address of a name may change while the service runs.
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def requires_keys(self) -> bool:
        """Whether requests need a key: by default on every address that other machines can reach."""
        if self.keys is None:
            return not self.local
        return self.keys
