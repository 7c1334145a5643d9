"""Small operations on mappings and names that many modules need, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
U = TypeVar("U")
Subset = TypeVar("Subset", covariant=True)


class HasSubset(Protocol[Subset]):
    """A collection of accounts or pairs, for example ``Vectors``."""

    def subset(self, rows: Any, /) -> Subset: ...


def position_by_item(items: Iterable[K]) -> dict[K, int]:
    """Each item to its position, from 0; the last one of an item that is repeated."""
    return {item: position for position, item in enumerate(items)}


def map_values(convert: Callable[[T], U], mapping: Mapping[K, T]) -> dict[K, U]:
    """A mapping with all values converted."""
    return {key: convert(value) for key, value in mapping.items()}


def with_prefix(prefix: str, mapping: Mapping[str, T]) -> dict[str, T]:
    """A mapping with a prefix in front of all names."""
    return {f"{prefix}{name}": value for name, value in mapping.items()}


def without_prefix(prefix: str, mapping: Mapping[str, T]) -> dict[str, T]:
    """The names that start with a prefix, without it: the inverse of ``with_prefix``."""
    return {name.removeprefix(prefix): value for name, value in mapping.items() if name.startswith(prefix)}


def rows_of_each(arrays: Mapping[K, Any], rows: Any) -> dict[K, Any]:
    """These rows, a number or (m,) numbers or a mask or a slice, of each array or tensor (n, ...)."""
    return {key: values[rows] for key, values in arrays.items()}


def subset_of_each(collections: Mapping[K, HasSubset[T]], rows: Any) -> dict[K, T]:
    """These rows (m,), numbers or a mask, of each collection."""
    return {key: collection.subset(rows) for key, collection in collections.items()}


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names; one that occurs more than once gets its position, as in "crane (134)"."""
    counts = Counter(names)
    return tuple(f"{name} ({n})" if counts[name] > 1 else name for n, name in enumerate(names))
