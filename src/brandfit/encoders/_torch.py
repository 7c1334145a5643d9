"""Shared by encoders that run a PyTorch network: device, weights, fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from brandfit.errors import BrandfitError, ConfigError, MissingExtra

Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    Meta(description="where the model runs; auto: cuda where there is one, else cpu"),
]
Download = Annotated[bool, Meta(description="fetch the weights where they are not there")]


def to_device(model: Any, device: str) -> Any:
    """The network on the device of the setting, in evaluation mode."""
    import torch

    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise ConfigError("Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu")
    return model.to("cuda" if has_cuda and device != "cpu" else "cpu").eval()


def run(model: Any, forward: Any, *inputs: Any) -> np.ndarray:
    """``forward(model, *inputs)`` as float32.

    On a GPU it runs in mixed precision (bfloat16), which changes a number by less than 1 %.
    """
    import torch

    device = next(model.parameters()).device
    on_device = [tensor.to(device) for tensor in inputs]
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
        output = forward(model, *on_device)
    return np.asarray(output.float().cpu().numpy())


def fingerprint(model: Any) -> str:
    """SHA-256 over the names and values of a network's weights."""
    digest = hashlib.sha256()
    # Sorted names, because the order of a state dict differs between versions of a library.
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.float().cpu().numpy()).data)
    return digest.hexdigest()


def load_pretrained(loader: Any, name: str, *, setting: str, download: bool, **options: Any) -> Any:
    """A model of transformers from a folder, or by its name from the local cache; ``download`` allows the
    hub."""
    try:
        return loader.from_pretrained(name, local_files_only=not download, **options)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"Setting {setting}={name!r}: its files are not here: {str(error).splitlines()[0]}",
            "Name a folder that holds such a model (config.json, model.safetensors ...), or set "
            "download=true",
        ) from None


def import_torchvision(encoder: str) -> Any:
    """The module; raises if it is missing, or was built for another version of PyTorch."""
    try:
        import torchvision
    except ImportError:
        raise MissingExtra(encoder, "pictures") from None
    except RuntimeError as error:
        raise BrandfitError(
            f"{encoder} cannot start, because torchvision was built for another PyTorch: {error}.",
            "Install both from the same source, for example: pip install --force-reinstall torch torchvision",
        ) from None
    return torchvision


def load_weights(model: Any, weights: str, *, standard: Any, download: bool) -> Any:
    """The network with weights: 'default' (the standard ones of its library), 'random' (seeded, for tests) or
    those of a file."""
    import torch

    if weights == "random":
        return model
    if weights == "default":
        file = Path(torch.hub.get_dir()) / "checkpoints" / standard.url.rpartition("/")[2]
        if not (file.is_file() or download):
            raise ConfigError(
                f"Setting weights='default': the standard weights are not at {file}.",
                f"Put {standard.url} there, name a file of weights, or set download=true",
            )
        state = standard.get_state_dict(progress=False, check_hash=True)
    else:
        state = _read_state(weights)
    try:
        model.load_state_dict(state)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"Setting weights={weights!r}: not the weights of this network: "
            f"{' '.join(str(error).split())[:200]}",
            "A state dict of the architecture in torchvision is expected.",
        ) from None
    return model


def _read_state(weights: str) -> Any:
    """The state dict of a .safetensors or .pth file."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = Path(weights)
    if not file.is_file():
        raise ConfigError(
            f"Setting weights={weights!r}: there is no such file.",
            "A path, 'default' or 'random' is expected.",
        )
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        # ``weights_only``: a pickle can run code, so only tensors are accepted.
        return torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"Setting weights={weights!r}: not a file of weights: {reason}", ".safetensors or .pth"
        ) from None
    except Exception as error:  # the unpickler raises its own type for a file with more than tensors
        raise ConfigError(
            f"Setting weights={weights!r}: not a file of weights alone: {type(error).__name__}",
            ".safetensors or .pth",
        ) from None
