"""Types for the arguments of public functions. Each type is checked and converted to one form.

    Texts          a text or several: "a.b", ["a.b", "c.d"], a tuple, set, generator, NumPy array, pandas or
                   Arrow column
    Files          a path or several, each text or ``Path``
    Seeds          a whole number or several, each once
    Account        the name of an account as people type it: "@A.B" is "a.b"; ``Accounts``: one or several
    Count          a whole number from 0
    PositiveCount  a whole number from 1
    Limits         text to a whole number from 0, or pairs of both
    Weights        text to a finite number
    Amount         a finite number above 0

``@checked`` converts the arguments of a function with such an annotation, and raises UsageError for every
argument of another type than its annotation.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, ParamSpec, TypeVar

from brandfit.account_id import account_id
from brandfit.errors import UsageError
from brandfit.messages import quoted

P = ParamSpec("P")
Result = TypeVar("Result")
Items = TypeVar("Items")


@dataclass(frozen=True)
class Accepts:
    """Metadata of an annotation.

    convert       from a value and the name of its parameter to the form that the function reads; raises
                  UsageError
    description   the accepted values, for messages
    none_becomes  the value that the function gets for None, if the annotation allows None
    """

    convert: Callable[[Any, str], Any]
    description: str
    none_becomes: Any = None


class _Form(NamedTuple):
    """One value of an argument that accepts one or several.

    types    its types, for isinstance
    noun     for messages
    single   an example of one value, as Python code
    several  an example of several
    """

    types: type | tuple[type, ...]
    noun: str
    single: str
    several: str


TEXT = _Form(str, "text", single='"a.b"', several='["a.b", "c.d"]')
PATH = _Form((str, Path), "path", single='"a.csv"', several='["a.csv", "b.csv"]')
WHOLE_NUMBER = _Form(Integral, "whole number", single="0", several="[0, 1, 2]")

# --- conversions --------------------------------------------------------------------------------------------


def texts(value: str | Iterable[str], name: str) -> list[str]:
    """A text or several as a list. A set is sorted, because its order is not defined. Raises UsageError.

    >>> texts("a.b", "accounts"), texts(("a.b", "c.d"), "accounts")
    (['a.b'], ['a.b', 'c.d'])
    """
    return [str(item) for item in _several(value, name, TEXT)]


def paths(value: str | Path | Iterable[str | Path], name: str) -> list[str | Path]:
    """A path or several as a list. Raises UsageError."""
    return _several(value, name, PATH)


def whole_numbers(value: int | Iterable[int], name: str) -> tuple[int, ...]:
    """A whole number or several as a tuple. Raises UsageError."""
    return tuple(int(item) for item in _several(value, name, WHOLE_NUMBER))


def seeds_of(value: int | Iterable[int], name: str) -> tuple[int, ...]:
    """Whole numbers, at least one, that differ: the interval of a mean that counts one seed twice would be
    too narrow. Raises UsageError."""
    seeds = whole_numbers(value, name)
    if not seeds:
        raise UsageError(
            f"{name} is empty, expected at least one seed.", f"Write for example {name}=[0, 1, 2]."
        )
    repeated = next((seed for n, seed in enumerate(seeds) if seed in seeds[:n]), None)
    if repeated is not None:
        raise UsageError(
            f"{name}: {repeated} is there more than once, expected seeds that differ.",
            f"Write for example {name}={list(range(len(seeds)))}.",
        )
    return seeds


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
    is_list = isinstance(pairs, list | tuple)
    if not is_list or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a dictionary of a text to a whole number, "
            "or pairs of both.",
            example,
        )
    for text, limit in pairs:
        if not _is_one(text, str) or not _is_one(limit, Integral) or limit < 0:
            raise UsageError(
                f"{name}: {quoted(text)} is {_type_and_value(limit)}, "
                "expected a text and a whole number of 0 or more.",
                example,
            )
    return [(str(text), int(limit)) for text, limit in pairs]


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


def listed(value: Items | str) -> Items | list[str]:
    """A text as a list of one, any other value unchanged. It is cheap, for functions that are called often
    and with arrays."""
    return [value] if isinstance(value, str) else value


# --- annotations --------------------------------------------------------------------------------------------


Texts = Annotated[str | Iterable[str], Accepts(texts, "a text or a list of texts", ())]
Files = Annotated[str | Path | Iterable[str | Path], Accepts(paths, "a path or a list of paths", ())]
Seeds = Annotated[int | Iterable[int], Accepts(seeds_of, "a whole number or a list of whole numbers", ())]
Account = Annotated[str, Accepts(account, "the name of an account")]
Accounts = Annotated[
    str | Iterable[str], Accepts(accounts, "the name of an account or a list of names of accounts", ())
]
Count = Annotated[int, Accepts(count, "a whole number of 0 or more")]
PositiveCount = Annotated[int, Accepts(positive_count, "a whole number of 1 or more")]
Amount = Annotated[float, Accepts(amount, "a number above 0")]
Limits = Annotated[
    Mapping[str, int] | Sequence[tuple[str, int]],
    Accepts(limits, "a dictionary of a text to a whole number, or pairs of both"),
]
Weights = Annotated[Mapping[str, float], Accepts(weights, "a dictionary of a text to a number")]


# --- checks -------------------------------------------------------------------------------------------------


def checked(function: Callable[P, Result]) -> Callable[P, Result]:
    """The function with its arguments checked and converted by its annotations.

    A resource that a conversion opens (a workspace from its path) is closed when the function returns.
    """
    signature = inspect.signature(function)

    # Resolved at the first call, because annotations may name types that are defined later.
    @functools.cache
    def hints() -> dict[str, Any]:
        return typing.get_type_hints(function, include_extras=True)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # Python names the missing or unknown argument
        with contextlib.ExitStack() as opened:
            for name, value in bound.arguments.items():
                is_variadic = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                if name not in hints() or is_variadic:
                    continue
                converted = _converted(value, hints()[name], name=name, function=function.__name__)
                # A value of the caller stays open; a new one is closed here.
                if converted is not value and hasattr(converted, "close"):
                    opened.callback(converted.close)
                bound.arguments[name] = converted
            return function(*bound.args, **bound.kwargs)

    return call


def accepts(hint: Any) -> Accepts | None:
    """The ``Accepts`` in the metadata of an annotation, also of ``Texts | None``."""
    parts = (hint, *typing.get_args(hint)) if _is_union(hint) else (hint,)
    # A union has no metadata; its parts may have.
    for part in parts:
        for metadata in getattr(part, "__metadata__", ()):
            if isinstance(metadata, Accepts):
                return metadata
    return None


def _converted(value: Any, hint: Any, *, name: str, function: str) -> Any:
    """The value in the form of its annotation. Raises UsageError with the names of function and parameter."""
    accepted = accepts(hint)
    if accepted is None:
        if not _is_of_type(value, hint):
            raise UsageError(
                f"{function}: {name} is {_type_and_value(value)}, expected {_description(hint)}.",
                f"Give {name} as {_description(hint)}.",
            )
        return value
    if value is None and _is_union(hint) and NoneType in typing.get_args(hint):
        return accepted.none_becomes
    try:
        return accepted.convert(value, name)
    except UsageError as error:
        raise UsageError(f"{function}: {error.message}", error.hint) from None


def _several(value: Any, name: str, form: _Form) -> list[Any]:
    """One value or several of this form as a list. Raises UsageError."""
    if _is_one(value, form.types):
        return [value]
    hint = f"Write {name}={form.single} for one, {name}={form.several} for several."
    as_list = getattr(value, "to_pylist", None) or getattr(value, "tolist", None)  # Arrow; NumPy and pandas
    if callable(as_list):
        converted = as_list()
        items = converted if isinstance(converted, list) else [converted]
    elif not _is_collection(value):
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a {form.noun} or a list of {form.noun}s.", hint
        )
    else:
        # A set has no order. It is sorted, so that two runs get the same list.
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
    for n, item in enumerate(items, 1):
        if not _is_one(item, form.types):
            raise UsageError(f"{name}: entry {n} is {_type_and_value(item)}, expected a {form.noun}.", hint)
    return items


def _is_collection(value: Any) -> bool:
    """Whether a value is iterated entry by entry. A text has letters and a path has parts, and iterating a
    dictionary or data frame gives its keys."""
    is_single = isinstance(value, str | bytes | bytearray | Path)
    return isinstance(value, Iterable) and not is_single and not hasattr(value, "keys")


def _whole_number(value: Any, name: str, least: int) -> int:
    if not _is_one(value, Integral) or value < least:
        raise UsageError(
            f"{name} is {_type_and_value(value)}, expected a whole number of {least} or more.",
            f"Write for example {name}=10.",
        )
    return int(value)


def _number(value: Any) -> float | None:
    """The value as a number; None if it is not a finite number."""
    return float(value) if _is_one(value, Real) and math.isfinite(value) else None


def _is_one(value: Any, types: type | tuple[type, ...]) -> bool:
    """Whether a value is of one of these types. Python counts True and False as numbers; this function does
    not."""
    return isinstance(value, types) and not isinstance(value, bool)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, UnionType)


def _is_of_type(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type. Entries of dictionaries are checked, entries of lists are
    not."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    # A type variable accepts any value: its bound is checked by mypy alone.
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if _is_union(hint):
        return any(_is_of_type(value, option) for option in arguments)
    if origin is Annotated:
        return _is_of_type(value, arguments[0])
    if origin is typing.Literal:
        return value in arguments
    if hint in (bool, int, float):
        return _is_plain_number(value, hint)
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments:
        return isinstance(value, Mapping) and all(
            _is_of_type(k, arguments[0]) and _is_of_type(v, arguments[1]) for k, v in value.items()
        )
    type_ = origin or hint
    # A text is no list of letters, and a row is no list of rows.
    if type_ in (Iterable, Sequence) and isinstance(value, str | bytes | Mapping):
        return False
    return isinstance(value, type_) if isinstance(type_, type) else True


def _is_plain_number(value: Any, type_: Any) -> bool:
    """Whether a value is a bool, int or float of Python or NumPy."""
    if type_ is bool:
        return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b"
    return _is_one(value, Integral if type_ is int else Real)


_NAMES: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
    NoneType: "None",
}


def _description(hint: Any) -> str:
    """An annotated type in words, for messages."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if (accepted := accepts(hint)) is not None and not _is_union(hint):
        return accepted.description
    if _is_union(hint):
        return " or ".join(map(_description, arguments))
    if origin is typing.Literal:
        return " or ".join(map(repr, arguments))
    if hint in _NAMES:
        return _NAMES[hint]
    type_ = origin or hint
    if isinstance(type_, type) and issubclass(type_, Mapping):
        if not arguments or arguments[1] is Any:
            return "a dictionary"
        return f"a dictionary of {_description(arguments[0])} to {_description(arguments[1])}"
    if type_ is Callable:
        return "a function"
    if origin is not None and isinstance(type_, type) and issubclass(type_, Iterable):
        return "a list"
    return f"a {getattr(type_, '__name__', type_)}"


def _type_and_value(value: Any) -> str:
    return f"{quoted(value)} ({type(value).__name__})" if value is not None else "None"
