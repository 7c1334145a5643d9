"""A cache in memory of the most recently used values of each kind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Made = TypeVar("Made")


class Cache:
    """Values by kind and key. Safe for several threads: one makes a value, and others that need the same
    value wait for it.

    most  number of values of each kind; the least recently used are removed first
    """

    def __init__(self, **most: int) -> None:
        self._most = most
        self._values: dict[str, OrderedDict[Hashable, Any]] = {kind: OrderedDict() for kind in most}
        self._gates: dict[tuple[str, Hashable], _Gate] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """The cached value, or the result of ``make``."""
        values = self._values[kind]
        with self._lock:
            if key in values:
                return self._latest(values, key)
            gate = self._gates.setdefault((kind, key), _Gate())
            gate.users += 1
        try:
            # One thread at a time for this key: another may have made the value meanwhile.
            with gate.lock:
                with self._lock:
                    if key in values:
                        return self._latest(values, key)
                value = make()
                with self._lock:
                    while len(values) >= self._most[kind]:
                        values.popitem(last=False)
                    values[key] = value
                return value
        finally:
            with self._lock:
                gate.users -= 1
                if not gate.users:
                    self._gates.pop((kind, key), None)

    @staticmethod
    def _latest(values: OrderedDict[Hashable, Any], key: Hashable) -> Any:
        values.move_to_end(key)
        return values[key]

    def keys(self, kind: str) -> list[Any]:
        """Keys of the cached values, the latest first. Does not wait for values that are being made."""
        with self._lock:
            return list(reversed(self._values[kind]))


class _Gate:
    """The lock of one value that is being made, and the number of threads that need it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0
