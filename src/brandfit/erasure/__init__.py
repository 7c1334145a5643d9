"""Erasure of a person from a workspace: rows, Features, models, caches and files.

Here: finding and removing all data of an account. Not here: the filter of later imports (``workspace``).
"""

from brandfit.erasure.erase import Erasure, forget
from brandfit.erasure.eraser import Eraser
from brandfit.erasure.rows import count_rows
from brandfit.erasure.traces import Traces

__all__ = ["Eraser", "Erasure", "Traces", "count_rows", "forget"]
