"""image.onnx: any picture model in the ONNX format, from a file: its embedding, or its class scores with the
names of the classes.

The model takes (n, 3, side, side) or (n, side, side, 3) float32 pictures, (x - mean) / scale of 0 ... 255
values; the defaults give -1 ... 1. Models of PyTorch's zoo want ``mean=123.675,116.28,103.53
scale=58.395,57.12,57.375``.

If the model has several outputs, the last one is used, which is usually the embedding; ``output`` names
another. A map (n, channels, h, w) is averaged over its positions. Only the file is read: ``brandfit``
contains no such model.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.encoders.base import EncoderConfig
from brandfit.encoders.image.base import PictureEncoder
from brandfit.errors import ConfigError, MissingExtra, UnknownName, UsageError
from brandfit.mappings import distinct_names


class OnnxConfig(EncoderConfig, frozen=True):
    path: Annotated[
        str, Meta(description="the model's .onnx file; needed, for image.onnx brings no model of its own")
    ]
    output: Annotated[
        str,
        Meta(description="name or number, from 0, of the output; empty: the last, by custom the embedding"),
    ] = ""
    labels: Annotated[
        str,
        Meta(description="text file with a name for each column, such as its class, one a line; or empty"),
    ] = ""
    mean: Annotated[
        tuple[float, ...], Meta(description="taken from 0 ... 255 values: one number, or red,green,blue")
    ] = (127.5,)
    scale: Annotated[
        tuple[float, ...], Meta(description="divides what is left: one number, or red,green,blue")
    ] = (127.5,)
    size: Annotated[
        int, Meta(description="side in pixels; 0: the model's own, 224 where it takes any", ge=0, le=4096)
    ] = 0
    layout: Annotated[
        Literal["auto", "nchw", "nhwc"],
        Meta(description="where the colours are; auto: as the model's input shape says"),
    ] = "auto"
    fit: Annotated[
        Literal["crop", "squash"],
        Meta(description="a picture that is no square is cut to its middle, or squashed into one"),
    ] = "crop"
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Meta(description="where it runs; auto: cuda where it can")
    ] = "auto"
    threads: Annotated[
        int, Meta(description="threads of the model; 0: all cores that this process may use", ge=0, le=1024)
    ] = 0


class Onnx(PictureEncoder):
    """Any ONNX picture model by path; see the module."""

    Config = OnnxConfig
    config: OnnxConfig
    neutral = ("path", "labels", "device", "threads")
    file_settings = ("path", "labels")
    weights_cover_files = True
    preference = 20
    chunk_size = 2048

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def size(self) -> int:
        sides = self._input.shape[2:] if self._nchw else self._input.shape[1:3]
        # Symbolic sizes are strings or not positive: the model takes any size.
        fixed_side = sides[0] if isinstance(sides[0], int) and sides[0] > 0 else 0
        if fixed_side and self.config.size not in (0, fixed_side):
            raise ConfigError(
                f"Setting size={self.config.size}: {self.config.path} takes pictures of {fixed_side} pixels.",
                "Leave it out.",
            )
        return fixed_side or self.config.size or 224

    @property
    def fit(self) -> str:  # type: ignore[override]  # a setting here
        return self.config.fit

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # the model's own, if it has a fixed one
        # On a CPU larger batches are not faster and overflow its caches.
        runs_on_cpu = self._session.get_providers()[0].startswith("CPU")
        return self._fixed_batch or (16 if runs_on_cpu else 128)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        if not self.config.labels:
            return ()
        lines = _check(self.config.labels, "labels").read_text("utf-8", "replace").splitlines()
        if len(lines) != self.dim:
            raise ConfigError(
                f"Setting labels={self.config.labels!r}: expected {self.dim} lines, one a column, found "
                f"{len(lines)}.",
                f"The output {self._output!r} has {self.dim} columns; the setting output chooses another.",
            )
        # Column names must differ, so repeated ones get their number.
        return distinct_names(lines)

    @cached_property
    def weights(self) -> str:
        """SHA-256 of the file, and of its file of external data if there is one (for more than 2 GiB)."""
        digest = hashlib.sha256(_check(self.config.path, "path").read_bytes())
        for external in (Path(self.config.path + ".data"), Path(self.config.path + "_data")):
            if external.is_file():
                digest.update(external.read_bytes())
        return digest.hexdigest()

    def encode_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        return self._run(np.stack(batch))

    def _run(self, pictures: np.ndarray) -> np.ndarray:
        """(n, dim) of (n, size, size, 3) uint8 pictures."""
        n = len(pictures)
        # A model with a fixed batch size refuses a smaller last batch, so black pictures fill it up.
        n_missing = self._fixed_batch - n if self._fixed_batch else 0
        if n_missing:
            pictures = np.concatenate([pictures, np.zeros((n_missing, *pictures.shape[1:]), np.uint8)])
        output = self._session.run([self._output], {self._input.name: self._scaled(pictures)})[0][:n]
        if output.ndim == 4:
            output = output.mean(axis=(2, 3) if self._nchw else (1, 2))
        return output.reshape(n, -1).astype(np.float32, copy=False)

    def _scaled(self, pictures: np.ndarray) -> np.ndarray:
        """Input of the model: (x - mean) / scale in its layout and type; raw pixels if its type is uint8."""
        if self._nchw:
            pictures = pictures.transpose(0, 3, 1, 2)
        if self._input.type == "tensor(uint8)":
            return np.ascontiguousarray(pictures)
        factor, shift = self._factors
        values = np.empty(pictures.shape, np.float32)
        np.multiply(pictures, factor, out=values)
        values += shift
        return values.astype(np.float16) if self._input.type == "tensor(float16)" else values

    @cached_property
    def _factors(self) -> tuple[np.ndarray, np.ndarray]:
        """(x - mean) / scale as x * factor + shift, in the shape of the colours of the model's layout."""
        for setting in ("mean", "scale"):
            values = getattr(self.config, setting)
            if len(values) not in (1, 3) or (setting == "scale" and 0 in values):
                raise ConfigError(
                    f"Setting {setting}={values}: expected one number or three, and none of the scale 0."
                )
        # One number holds for all three colours.
        scale = np.broadcast_to(np.array(self.config.scale, np.float32), 3)
        shift = -np.broadcast_to(np.array(self.config.mean, np.float32), 3) / scale
        colours = (3, 1, 1) if self._nchw else (3,)
        return (1 / scale).reshape(colours), shift.reshape(colours)

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtra("image.onnx", "vision") from None
        _check(self.config.path, "path")
        has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
        if self.config.device == "cuda" and not has_cuda:
            raise ConfigError("Setting device='cuda': this ONNX Runtime has no CUDA.", "device: auto or cpu")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.config.threads or _cores()
        # Threads that wait without spinning leave the cores to the decoding of pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # failures raise; they are not logged too
        providers = ["CUDAExecutionProvider"] if has_cuda and self.config.device != "cpu" else []
        try:
            session = onnxruntime.InferenceSession(
                self.config.path, options, providers=[*providers, "CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions have no other common base
            raise ConfigError(
                f"Setting path={self.config.path!r}: not an ONNX model that can be run: {error}"
            ) from None
        inputs = session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise ConfigError(
                f"Setting path={self.config.path!r}: expected a model of one input (n, 3, side, side) or (n, "
                "side, side, 3), "
                f"found {', '.join(f'{i.name} {i.shape}' for i in inputs)}."
            )
        return session

    @property
    def _input(self) -> Any:
        return self._session.get_inputs()[0]

    @cached_property
    def _output(self) -> str:
        names = [output.name for output in self._session.get_outputs()]
        wanted = self.config.output or str(len(names) - 1)
        if wanted in names:
            return wanted
        if wanted.isdecimal() and int(wanted) < len(names):
            return names[int(wanted)]
        raise UnknownName("output of the model", wanted, known=names)

    @cached_property
    def _nchw(self) -> bool:
        shape = self._input.shape
        if self.config.layout != "auto":
            return self.config.layout == "nchw"
        if (shape[1] == 3) == (shape[3] == 3):
            raise ConfigError(
                f"The model's input shape {shape} does not show which axis holds the colours.",
                "Set layout=nchw or layout=nhwc.",
            )
        return shape[1] == 3

    @property
    def _fixed_batch(self) -> int:
        n = self._input.shape[0]
        return n if isinstance(n, int) and n > 0 else 0

    @cached_property
    def _dim(self) -> int:
        """Measured by a run on a black picture, because shapes in models are often only symbols."""
        try:
            return self._run(np.zeros((1, self.size, self.size, 3), np.uint8)).shape[1]
        except UsageError:
            raise
        except Exception as error:
            raise ConfigError(
                f"The model {self.config.path} does not take pictures of {self.size} pixels: {error}",
                "Set size or layout.",
            ) from None


def _check(path: str, setting: str) -> Path:
    """The path of an existing file. Raises ConfigError."""
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting {setting}={path!r}: there is no such file.", f"Its full path is {file.absolute()}."
        )
    return file


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
