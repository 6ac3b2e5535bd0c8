"""Initial weights: torchvision's for ImageNet, or those in a local file; nothing is unpickled."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from flowerablate.errors import StudyError, message_of
from flowerablate.files import open_file, require_file

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

_logger = logging.getLogger(__name__)

COMPATIBLE = frozenset({"dropout", "drop_path", "stem_stride", "stem_pool"})
"""Parameters that may change with torchvision's weights: the weights fit and keep their meaning."""


def load_pretrained(model: nn.Module, name: str, version: str, stem: str, head: str, changed: Collection[str]) -> None:
    """Load torchvision's weights *version* of its network *name* into *model*; torchvision fetches them if necessary.

    Raises :class:`StudyError` if *changed*, the parameters that are not at their defaults, contradict the weights, or
    if the weights cannot be fetched. *stem* and *head*: see :func:`put`.
    """
    contradicting = sorted(set(changed) - COMPATIBLE)
    if contradicting:
        raise StudyError(
            f"model.pretrained: torchvision's weights do not fit a changed {_listed(contradicting)}; "
            f"leave {'them' if len(contradicting) > 1 else 'it'} at the default, or set model.pretrained = false"
        )
    from torchvision.models import get_model_weights

    weights = get_model_weights(name)[version]
    put(model, _fetched(weights), f"torchvision's {name}", stem, head)


def _fetched(weights: WeightsEnum) -> Mapping[str, Tensor]:
    """Return the state dict of *weights*, from torch's cache or the network; a download is checked by its hash."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / weights.url.rpartition("/")[2]
    try:
        state: Mapping[str, Tensor] = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True, map_location="cpu"
        )
    except OSError as error:
        raise StudyError(
            f"model.pretrained: {weights.url} could not be fetched ({_short(error)}); "
            f"download it on a machine with a network and put it into {folder}"
        ) from error
    except Exception as error:  # a wrong hash, or any error of torch.load for a file of another kind
        raise StudyError(f"model.pretrained: {file} is damaged ({_short(error)}); delete it and try again") from error
    return state


def load_file(model: nn.Module, file: Path, stem: str, head: str) -> None:
    """Load the weights in *file*, safetensors or a state dict saved by torch, into *model*; see :func:`put`.

    Raises :class:`StudyError` if the file cannot be read or belongs to another network.
    """
    put(model, _read(file), str(file), stem, head)


def _read(file: Path) -> Mapping[str, Tensor]:
    cure = "it must be a safetensors file or a state dict saved by torch"
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file as load_safetensors

            require_file(file)
            return load_safetensors(file)
        with open_file(file) as raw:
            content: Any = torch.load(raw, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise StudyError(
            f"model.weights: {file} does not exist; check the path (a relative path begins at the study's folder)"
        ) from error
    except Exception as error:  # any error of the readers for a file of another kind
        raise StudyError(f"model.weights: {file} cannot be read ({_short(error)}); {cure}") from error
    # A checkpoint often holds the weights among other things.
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise StudyError(f"model.weights: {file} does not hold weights; {cure}")
    return content


def put(model: nn.Module, state: Mapping[str, Tensor], source: str, stem: str, head: str) -> None:
    """Copy *state*, the state dict of *source*, into *model*.

    *stem* and *head* are the names of the first convolution and the last layer. The weights of the stem are adapted to
    the channels of the input (:func:`adapted`); a head for another number of classes is left out and logged. Raises
    :class:`StudyError` if anything else does not fit.
    """
    wanted = model.state_dict()
    state = dict(state)
    stem_weight = stem if stem in wanted else next(name for name in wanted if name.startswith(stem + "."))
    if stem_weight in state and state[stem_weight].ndim == 4:
        state[stem_weight] = adapted(state[stem_weight], wanted[stem_weight].shape[1])
    if f"{head}.weight" in state and state[f"{head}.weight"].shape != wanted[f"{head}.weight"].shape:
        classes = len(state[f"{head}.weight"])
        _logger.info("%s: its head for %d classes is replaced by a new one", source, classes)
        for name in (f"{head}.weight", f"{head}.bias"):
            state[name] = wanted[name]
    # Older files lack this counter of batches, which affects no result.
    state = {name: value for name, value in wanted.items() if name.endswith("num_batches_tracked")} | state
    wrong = [f"{name} is missing" for name in wanted if name not in state]
    wrong += [f"{name} is unknown" for name in state if name not in wanted]
    wrong += [
        f"{name} is {list(state[name].shape)}, not {list(value.shape)}"
        for name, value in wanted.items()
        if name in state and state[name].shape != value.shape
    ]
    if wrong:
        more = f" and {len(wrong) - 2} more" if len(wrong) > 2 else ""
        raise StudyError(
            f"model.weights: {source} does not fit this network: {', '.join(wrong[:2])}{more}; "
            "use the network and the settings that it was trained with"
        )
    model.load_state_dict(state)


def adapted(weight: Tensor, channels: int) -> Tensor:
    """Return the first convolution's *weight* [M, C, k, k] for images of *channels* channels.

    For one channel its maps are summed, so that a grey image gives the same result as with three equal channels. For
    other numbers they are repeated and scaled by C / *channels*, so that a constant image gives the same result (as in
    timm).
    """
    before = weight.shape[1]
    if channels == before:
        return weight
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    copies = -(-channels // before)
    return weight.repeat(1, copies, 1, 1)[:, :channels] * (before / channels)


def _listed(names: list[str]) -> str:
    return " and ".join(f"model.{name}" for name in names)


def _short(error: BaseException) -> str:
    text = message_of(error)
    return text if len(text) <= 120 else text[:117] + "..."
