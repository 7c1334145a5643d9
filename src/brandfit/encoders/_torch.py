"""What encoders that run a network of PyTorch share: where it runs, where its weights come from, what it is
known by."""

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


def placed(model: Any, device: str) -> Any:
    """The network where it is to run, in evaluation mode."""
    import torch

    here = torch.cuda.is_available()
    if device == "cuda" and not here:
        raise ConfigError("Setting device='cuda': PyTorch finds no CUDA device here.", "device: auto or cpu")
    return model.to("cuda" if here and device != "cpu" else "cpu").eval()


def run(model: Any, forward: Any, *inputs: Any) -> np.ndarray:
    """float32 of ``forward(model, *inputs)``; on a GPU in mixed precision (bfloat16), which changes a number
    by less than 1 %."""
    import torch

    device = next(model.parameters()).device
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
        found = forward(model, *(each.to(device) for each in inputs))
    return np.asarray(found.float().cpu().numpy())


def fingerprint(model: Any) -> str:
    """SHA-256 over the names and numbers of a network's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.float().cpu().numpy()).data)
    return digest.hexdigest()


def pretrained(loader: Any, name: str, *, setting: str, download: bool, **more: Any) -> Any:
    """What a loader of transformers finds in a folder, or under a name among what was fetched before."""
    try:
        return loader.from_pretrained(name, local_files_only=not download, **more)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"Setting {setting}={name!r}: its files are not here: {str(error).splitlines()[0]}",
            "Name a folder that holds such a model (config.json, model.safetensors ...), or set "
            "download=true",
        ) from None


def torchvision(part: str) -> Any:
    try:
        import torchvision
    except ImportError:
        raise MissingExtra(part, "pictures") from None
    except RuntimeError as error:
        raise BrandfitError(
            f"{part} cannot start, for torchvision was built for another PyTorch: {error}.",
            "Install both from the same place, for example: pip install --force-reinstall torch torchvision",
        ) from None
    return torchvision


def load_weights(model: Any, weights: str, *, standard: Any, download: bool) -> Any:
    """The network with weights: 'default' (its library's standard ones), 'random' (seeded, for tests) or
    those of a file."""
    import torch

    if weights == "random":
        return model
    if weights == "default":
        file = Path(torch.hub.get_dir()) / "checkpoints" / standard.url.rpartition("/")[2]
        if not (file.is_file() or download):
            raise ConfigError(
                f"Setting weights='default': the standard weights are not here (looked for {file}).",
                f"Put {standard.url} there, name a file of weights, or set download=true",
            )
        state = standard.get_state_dict(progress=False, check_hash=True)
    else:
        state = _read(weights)
    try:
        model.load_state_dict(state)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"Setting weights={weights!r}: not the weights of this network: "
            f"{' '.join(str(error).split())[:200]}",
            "A state dict of the architecture in torchvision is expected.",
        ) from None
    return model


def _read(weights: str) -> Any:
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
        return (
            load_file(file)
            if file.suffix == ".safetensors"
            else torch.load(file, map_location="cpu", weights_only=True)
        )
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"Setting weights={weights!r}: not a file of weights: {reason}", ".safetensors or .pth"
        ) from None
    except Exception as error:  # the unpickler's own, of a file that holds more than numbers
        raise ConfigError(
            f"Setting weights={weights!r}: not a file of weights alone: {type(error).__name__}",
            ".safetensors or .pth",
        ) from None
