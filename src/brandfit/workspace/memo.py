"""What was made before, kept in memory: the latest few of each kind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Made = TypeVar("Made")


class Memo:
    """By kind and key; safe to use from several threads, of which one makes what is asked for and the others wait.

    most  how many of each kind are kept; those asked for longest ago go first
    """

    def __init__(self, **most: int) -> None:
        self._most = most
        self._kept: dict[str, OrderedDict[Hashable, Any]] = {kind: OrderedDict() for kind in most}
        self._locks = {kind: threading.RLock() for kind in most}

    def get(self, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        kept = self._kept[kind]
        with self._locks[kind]:
            if key not in kept:
                made = make()
                while len(kept) >= self._most[kind]:
                    kept.popitem(last=False)
                kept[key] = made
            kept.move_to_end(key)
            found: Made = kept[key]
            return found

    def keys(self, kind: str) -> list[Any]:
        """Of what is kept, the latest first. Does not wait for what is being made."""
        return list(reversed(tuple(self._kept[kind])))
