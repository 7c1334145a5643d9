"""Arguments of public functions: what each accepts, checked and brought into one form.

    Texts    a text or several: "a.b", ["a.b", "c.d"], a tuple, set, generator, NumPy array, pandas or Arrow
             column
    Files    a path or several, each text or ``Path``
    Seeds    a whole number or several, each once
    Account  the name of an account as people type it: "@A.B" is "a.b"; ``Accounts``: one or several
    Count    a whole number from 0; ``Places``: from 1
    Limits   text to a whole number from 0, or pairs of both
    Weights  text to a finite number
    Amount   a finite number above 0

``@checked`` reads the annotations of a function, converts what is annotated like this, and raises UsageError
for every argument of another type than its annotation.
"""

from __future__ import annotations

import functools
import inspect
import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ParamSpec, TypeVar

from brandfit.account_id import account_id
from brandfit.errors import UsageError
from brandfit.messages import quoted

P = ParamSpec("P")
Result = TypeVar("Result")
Many = TypeVar("Many")


@dataclass(frozen=True)
class Accepts:
    """Metadata of an annotation.

    convert  value and name of the parameter to the one form that the function works with; raises UsageError
    words    what is accepted, for messages
    nothing  what the function gets for None, where None is accepted
    """

    convert: Callable[[Any, str], Any]
    words: str
    nothing: Any = None


def texts(value: str | Iterable[str], name: str) -> list[str]:
    """A text or several as a list. A set is sorted, because its order is not defined. Raises UsageError.

    >>> texts("a.b", "accounts"), texts(("a.b", "c.d"), "accounts")
    (['a.b'], ['a.b', 'c.d'])
    """
    return [
        str(item)
        for item in _several(value, name, one=str, word="text", single='"a.b"', several='["a.b", "c.d"]')
    ]


def paths(value: str | Path | Iterable[str | Path], name: str) -> list[str | Path]:
    """A path or several as a list. Raises UsageError."""
    return _several(value, name, one=(str, Path), word="path", single='"a.csv"', several='["a.csv", "b.csv"]')


def whole_numbers(value: int | Iterable[int], name: str) -> tuple[int, ...]:
    """A whole number or several as a tuple. Raises UsageError."""
    return tuple(
        int(item)
        for item in _several(value, name, one=Integral, word="whole number", single="0", several="[0, 1, 2]")
    )


def seeds_of(value: int | Iterable[int], name: str) -> tuple[int, ...]:
    """Whole numbers, at least one, that differ: a mean over one seed twice would look surer than it is.
    Raises UsageError."""
    found = whole_numbers(value, name)
    if not found:
        raise UsageError(
            f"{name} is empty, expected at least one seed.", f"Write for example {name}=[0, 1, 2]."
        )
    repeated = next((seed for n, seed in enumerate(found) if seed in found[:n]), None)
    if repeated is not None:
        raise UsageError(
            f"{name}: {repeated} is there more than once, expected seeds that differ.",
            f"Write for example {name}={list(range(len(found)))}.",
        )
    return found


def account(value: str, name: str) -> str:
    """The id of an account as people type it, without @ and capitals. Raises UsageError.

    >>> account(" @A.B", "brand")
    'a.b'
    """
    if not _is_one(value, str):
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected the name of an account.", f'Write {name}="a.b".'
        )
    return account_id(str(value))


def accounts(value: str | Iterable[str], name: str) -> list[str]:
    """The ids of an account or of several. Raises UsageError."""
    return [account(one, name) for one in texts(value, name)]


def count(value: int, name: str) -> int:
    """A whole number from 0. Raises UsageError."""
    return _whole_number(value, name, 0)


def positive_count(value: int, name: str) -> int:
    """A whole number from 1. Raises UsageError."""
    return _whole_number(value, name, 1)


def amount(value: float, name: str) -> float:
    """A finite number above 0. Raises UsageError."""
    if _number(value) is None or float(value) <= 0:
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a number above 0.",
            f"Write for example {name}=5000.",
        )
    return float(value)


def limits(value: Mapping[str, int] | Iterable[tuple[str, int]], name: str) -> list[tuple[str, int]]:
    """Pairs of a text and a whole number from 0, of a dictionary or of pairs. Raises UsageError."""
    example = f'Write for example {name}={{"category:food": 2}}.'
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
    ):
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a dictionary of a text to a whole number, "
            "or pairs of both.",
            example,
        )
    for text, many in pairs:
        if not _is_one(text, str) or not _is_one(many, Integral) or many < 0:
            raise UsageError(
                f"{name}: {quoted(text)} is {_type_and_value(many)}, "
                "expected a text and a whole number of 0 or more.",
                example,
            )
    return [(str(text), int(many)) for text, many in pairs]


def weights(value: Mapping[str, float], name: str) -> dict[str, float]:
    """Text to a finite number. Raises UsageError."""
    example = f'Write for example {name}={{"picture": 2, "text": 0.5}}.'
    if not isinstance(value, Mapping):
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a dictionary of a text to a number.", example
        )
    for text, weight in value.items():
        if not _is_one(text, str) or _number(weight) is None:
            raise UsageError(
                f"{name}: {quoted(text)} is {_type_and_value(weight)}, expected a text and a finite number.",
                example,
            )
    return {str(text): float(weight) for text, weight in value.items()}


def listed(value: Many | str) -> Many | list[str]:
    """A text as a list of one, anything else as it is: for functions that are called often, and with
    arrays."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[str | Iterable[str], Accepts(texts, "a text or a list of texts", ())]
Files = Annotated[str | Path | Iterable[str | Path], Accepts(paths, "a path or a list of paths", ())]
Seeds = Annotated[int | Iterable[int], Accepts(seeds_of, "a whole number or a list of whole numbers", ())]
Account = Annotated[str, Accepts(account, "the name of an account")]
Accounts = Annotated[
    str | Iterable[str], Accepts(accounts, "the name of an account or a list of names of accounts", ())
]
Count = Annotated[int, Accepts(count, "a whole number of 0 or more")]
Places = Annotated[int, Accepts(positive_count, "a whole number of 1 or more")]
Amount = Annotated[float, Accepts(amount, "a number above 0")]
Limits = Annotated[
    Mapping[str, int] | Sequence[tuple[str, int]],
    Accepts(limits, "a dictionary of a text to a whole number, or pairs of both"),
]
Weights = Annotated[Mapping[str, float], Accepts(weights, "a dictionary of a text to a number")]


def checked(function: Callable[P, Result]) -> Callable[P, Result]:
    """The function with its arguments checked and converted by its annotations.

    What a conversion opened (a workspace given by its path) is closed when the function returns.
    """
    signature = inspect.signature(function)

    @functools.cache
    def hints() -> dict[str, Any]:
        return typing.get_type_hints(function, include_extras=True)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # Python says which argument is missing or unknown
        opened = []
        try:
            for name, value in bound.arguments.items():
                if name not in hints() or signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                    continue
                converted = _converted(value, hints()[name], name=name, function=function.__name__)
                if converted is not value and hasattr(converted, "close"):
                    opened.append(converted)
                bound.arguments[name] = converted
            return function(*bound.args, **bound.kwargs)
        finally:
            for one in opened:
                one.close()

    return call


def accepts(hint: Any) -> Accepts | None:
    """The conversion that an annotation asks for, also that of ``Texts | None``."""
    for part in (hint, *typing.get_args(hint)) if _is_union(hint) else (hint,):
        for about in getattr(part, "__metadata__", ()):
            if isinstance(about, Accepts):
                return about
    return None


def _converted(value: Any, hint: Any, *, name: str, function: str) -> Any:
    about = accepts(hint)
    if about is None:
        if not _fits(value, hint):
            raise UsageError(
                f"{function}: {name} is {_type_and_value(value)}, expected {_words(hint)}.",
                f"Give {name} as {_words(hint)}.",
            )
        return value
    if value is None and _is_union(hint) and NoneType in typing.get_args(hint):
        return about.nothing
    try:
        return about.convert(value, name)
    except UsageError as error:
        raise UsageError(f"{function}: {error.message}", error.hint) from None


def _several(value: Any, name: str, *, one: Any, word: str, single: str, several: str) -> list[Any]:
    hint = f"Write {name}={single} for one, {name}={several} for several."
    if _is_one(value, one):
        return [value]
    as_list = getattr(value, "to_pylist", None) or getattr(value, "tolist", None)  # Arrow; NumPy and pandas
    if callable(as_list):
        items = as_list()
        items = items if isinstance(items, list) else [items]
    elif (
        not isinstance(value, Iterable)
        or isinstance(value, str | bytes | bytearray | Path)
        or hasattr(value, "keys")
    ):
        # A dictionary and a data frame would be read as their keys.
        raise UsageError(f"{name} is {_type_and_value(value)}, expected a {word} or a list of {word}s.", hint)
    else:
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
    for n, item in enumerate(items, 1):
        if not _is_one(item, one):
            raise UsageError(f"{name}: entry {n} is {_type_and_value(item)}, expected a {word}.", hint)
    return items


def _whole_number(value: Any, name: str, least: int) -> int:
    if not _is_one(value, Integral) or value < least:
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a whole number of {least} or more.",
            f"Write for example {name}=10.",
        )
    return int(value)


def _number(value: Any) -> float | None:
    """The number, None where it is none or not finite."""
    return float(value) if _is_one(value, Real) and math.isfinite(value) else None


def _is_one(value: Any, one: Any) -> bool:
    return isinstance(value, one) and not isinstance(value, bool)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, UnionType)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type; entries of dictionaries are looked at, those of lists are
    not."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if _is_union(hint):
        return any(_fits(value, one) for one in inner)
    if origin is Annotated:
        return _fits(value, inner[0])
    if origin is typing.Literal:
        return value in inner
    if hint is bool:  # NumPy's too
        return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b"
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    if isinstance(origin, type) and issubclass(origin, Mapping) and inner:
        return isinstance(value, Mapping) and all(
            _fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items()
        )
    kind = origin or hint
    if isinstance(value, str | bytes | Mapping) and kind in (
        Iterable,
        Sequence,
    ):  # a text is no list of letters, a row is no list of rows
        return False
    return isinstance(value, kind) if isinstance(kind, type) else True


_NAMES: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
    NoneType: "None",
}


def _words(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if (about := accepts(hint)) is not None and not _is_union(hint):
        return about.words
    if _is_union(hint):
        return " or ".join(_words(one) for one in inner)
    if origin is typing.Literal:
        return " or ".join(map(repr, inner))
    if hint in _NAMES:
        return _NAMES[hint]
    kind = origin or hint
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return (
            f"a dictionary of {_words(inner[0])} to {_words(inner[1])}"
            if inner and inner[1] is not Any
            else "a dictionary"
        )
    if kind is Callable:
        return "a function"
    if origin is not None and isinstance(kind, type) and issubclass(kind, Iterable):
        return "a list"
    return f"a {getattr(kind, '__name__', kind)}"


def _type_and_value(value: Any) -> str:
    return f"{quoted(value)} ({type(value).__name__})" if value is not None else "None"
