"""What was made before, kept in memory: the latest few of each kind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Made = TypeVar("Made")


class Cache:
    """By kind and key; safe to use from several threads, of which one makes what is asked for and those that
    ask for the same wait.

    most  how many of each kind are kept; those asked for longest ago go first
    """

    def __init__(self, **most: int) -> None:
        self._most = most
        self._kept: dict[str, OrderedDict[Hashable, Any]] = {kind: OrderedDict() for kind in most}
        self._making: dict[tuple[str, Hashable], _Gate] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        kept = self._kept[kind]
        with self._lock:
            if key in kept:
                return self._latest(kept, key)
            gate = self._making.setdefault((kind, key), _Gate())
            gate.users += 1
        try:
            with gate.lock:
                with self._lock:
                    if key in kept:
                        return self._latest(kept, key)
                made = make()
                with self._lock:
                    while len(kept) >= self._most[kind]:
                        kept.popitem(last=False)
                    kept[key] = made
                return made
        finally:
            with self._lock:
                gate.users -= 1
                if not gate.users:
                    self._making.pop((kind, key), None)

    @staticmethod
    def _latest(kept: OrderedDict[Hashable, Any], key: Hashable) -> Any:
        kept.move_to_end(key)
        return kept[key]

    def keys(self, kind: str) -> list[Any]:
        """Of what is kept, the latest first. Does not wait for what is being made."""
        with self._lock:
            return list(reversed(self._kept[kind]))


class _Gate:
    """What those wait at who ask for the same."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0
