"""How the service runs: address, limits, who may do what."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from msgspec import Meta

from brandfit.config import Config


class ServiceConfig(Config, frozen=True):
    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="port to listen on; 0: any that is free", ge=0, le=65535)] = 8080
    hosts: Annotated[
        tuple[str, ...], Meta(description="names under which it is reached, beside those of this machine")
    ] = ()
    origins: Annotated[
        tuple[str, ...], Meta(description="other sites whose pages may call the API (CORS)")
    ] = ()
    keys: Annotated[
        bool | None, Meta(description="whether a key is asked for; none: on any address but loopback")
    ] = None
    rate: Annotated[
        float, Meta(description="requests a second and caller, on average; 0: no limit", ge=0)
    ] = 50.0
    burst: Annotated[int, Meta(description="requests at once before the rate counts", ge=1)] = 200
    body: Annotated[int, Meta(description="bytes of a request at most", ge=1024)] = 2 * 2**20
    upload: Annotated[int, Meta(description="bytes of an upload at most", ge=1024)] = 4 * 2**30
    seconds: Annotated[
        float,
        Meta(description="seconds that a caller has to send a request's head, and each further part", gt=0),
    ] = 20.0
    threads: Annotated[int, Meta(description="requests that are worked on at once", ge=1)] = 8

    @property
    def local(self) -> bool:
        """Whether nobody but this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def asks_for_keys(self) -> bool:
        return not self.local if self.keys is None else self.keys
