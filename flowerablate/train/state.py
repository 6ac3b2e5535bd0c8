"""Checkpoints: nested state in one safetensors file, with everything but tensors as JSON. They contain no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError, safe_open

from ..errors import TrainingError
from ..files import replacing, require_file

FORMAT = "flowerablate.state/1"

_UNKNOWN = "?" * 32
"""Placeholder for the digest, 128 bits in hex, while the file is written."""

_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_TENSOR = "tensor"
_TUPLE = "tuple"
_PAIRS = "pairs"


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write *state* to *path* atomically: a reader finds the old file or the new one, never a part of one.

    *state* nests dicts (keys: str, int, float or bool), lists and tuples over tensors, numbers, strings, bools and
    None; floats are restored exactly, tensors with their memory layout. Anything else raises a :class:`TrainingError`
    that names it. A full or read-only disk raises :class:`OSError` and leaves *path* unchanged.
    """
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_pack(state, "", tensors))
    with replacing(path, alone=True) as file, ThreadPoolExecutor(1) as executor:
        digest = executor.submit(_digest, text, tensors)
        _write(file, tensors, {"format": FORMAT, "state": text}, digest.result)


def _write(
    file: BinaryIO, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str], digest: Callable[[], str]
) -> None:
    """Write a safetensors file to *file*; the result of *digest* replaces its placeholder at the end.

    The library's own function copies each tensor and then the whole file before it writes the first byte, which costs
    several percent of a short epoch. The format: https://huggingface.co/docs/safetensors.
    """
    header: dict[str, Any] = {"__metadata__": {"digest": _UNKNOWN, **metadata}}
    end = 0
    names = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))  # keeps each tensor aligned
    for name in names:
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": _DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        file.write(_bytes(tensors[name]))
    file.seek(8)
    file.write(text.replace(_UNKNOWN.encode(), digest().encode(), 1))


def _bytes(tensor: torch.Tensor) -> memoryview:
    """Return the memory of *tensor*, which is contiguous and on the CPU."""
    content: memoryview = tensor.reshape(-1).view(torch.uint8).numpy().data
    return content


def load_state(path: Path) -> dict[str, Any]:
    """Return the state that :func:`save_state` wrote to *path*, tensors on the CPU.

    A file that is no checkpoint or was changed raises :class:`TrainingError`, a missing file :class:`OSError`.
    """
    require_file(path)  # safetensors raises other errors for a missing or unreadable one
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, ValueError) as error:
        raise TrainingError(f"{path} is not a checkpoint or is damaged; delete it to start again") from error
    if metadata.get("format") != FORMAT:
        raise TrainingError(f"{path} is a safetensors file, but not a checkpoint of flowerablate ({FORMAT})")
    text = metadata.get("state", "")
    if metadata.get("digest") != _digest(text, tensors):
        raise TrainingError(f"{path} was changed after it was written; delete it to start again")
    try:
        state = _unpack(json.loads(text), tensors)
    except (ValueError, KeyError, TypeError, RuntimeError, RecursionError) as error:
        raise TrainingError(f"{path} has an invalid description of its contents; delete it to start again") from error
    if not isinstance(state, dict):
        raise TrainingError(f"{path} holds no state; delete it to start again")
    return state


def _pack(value: Any, where: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Convert *value* to JSON; tensors go to *tensors*, and types that JSON lacks become ``{"": kind, ...}``."""
    if isinstance(value, torch.Tensor):
        name = where if where not in tensors else f"{where}#{len(tensors)}"
        tensor = value.detach().cpu()
        if tensor.dtype not in _DTYPES:
            raise TrainingError(f"cannot save {where}: checkpoints do not support tensors of {tensor.dtype}")
        tensors[name] = tensor.contiguous()
        stride = list(tensor.stride()) if _is_permuted(tensor) else None
        return {"": _TENSOR, "name": name, "stride": stride}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and key for key in value):
            return {key: _pack(item, f"{where}/{key}", tensors) for key, item in value.items()}
        pairs = [[_pack_key(key, where), _pack(item, f"{where}/{key}", tensors)] for key, item in value.items()]
        return {"": _PAIRS, "pairs": pairs}
    if isinstance(value, list | tuple):
        items = [_pack(item, f"{where}/{number}", tensors) for number, item in enumerate(value)]
        return items if isinstance(value, list) else {"": _TUPLE, "items": items}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TrainingError(
        f"cannot save {where or 'the state'}: a {type(value).__name__} is neither a tensor nor plain JSON"
    )


def _pack_key(key: object, where: str) -> object:
    if isinstance(key, bool | int | float | str):
        return key
    raise TrainingError(f"cannot save {where or 'the state'}: a key is a {type(key).__name__}")


def _unpack(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("")
    if kind == _TENSOR:
        return _laid_out(tensors[value["name"]], value["stride"])
    if kind == _TUPLE:
        return tuple(_unpack(item, tensors) for item in value["items"])
    if kind == _PAIRS:
        return {key: _unpack(item, tensors) for key, item in value["pairs"]}
    return {key: _unpack(item, tensors) for key, item in value.items()}


def _is_permuted(tensor: torch.Tensor) -> bool:
    """Whether *tensor* is dense, but not in C order, as channels-last weights are.

    The layout is part of the state: vectorised and strided loops of an optimizer may round differently.
    """
    if tensor.is_contiguous() and tensor.stride() == torch.empty(tensor.shape, device="meta").stride():
        return False
    return torch.empty_like(tensor, device="meta").stride() == tensor.stride()


def _laid_out(tensor: torch.Tensor, stride: list[int] | None) -> torch.Tensor:
    if stride is None:
        return tensor
    # A dense layout needs no more memory than the tensor; a forged stride could exhaust the memory.
    if sum((size - 1) * step for size, step in zip(tensor.shape, stride, strict=True)) >= max(1, tensor.numel()):
        raise ValueError(f"a tensor of shape {list(tensor.shape)} with strides of {stride}")
    return torch.empty_strided(tensor.shape, stride, dtype=tensor.dtype).copy_(tensor)


def _digest(text: str, tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()
