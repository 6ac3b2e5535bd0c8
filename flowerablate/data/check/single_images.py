"""Findings about single images: how colour is stored, images that are too small, images without content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...contracts import Samples
from .look import Look
from .records import Finding

_TINY = 32
_CONSTANT = 2.0
_DEEP = ("I", "F")
_ALPHA = ("LA", "PA", "RGBA", "RGBa", "La")


def looks_of_images(samples: Samples, seen: Sequence[int], looks: Sequence[Look]) -> list[Finding]:
    """Return findings about channels, tiny and constant images."""
    keys = [samples.keys[place] for place in seen]
    tiny = [key for key, look in zip(keys, looks, strict=True) if min(look.width, look.height) < _TINY]
    constant = [key for key, look in zip(keys, looks, strict=True) if look.contrast < _CONSTANT]
    return [
        *_channels(keys, looks),
        _some(
            "tiny images",
            tiny,
            f"a side below {_TINY} pixels",
            "they would be enlarged: are they thumbnails or icons?",
        ),
        _some("constant images", constant, "a single grey value", "nothing can be learned from them: remove them"),
    ]


def _some(name: str, keys: Sequence[str], text: str, advice: str) -> Finding:
    if not keys:
        return Finding(name, "fine", "none")
    files = tuple((key,) for key in keys)
    return Finding(name, "warning", f"{len(keys)} with {text}", advice, files, {"files": len(keys)})


def _channels(keys: Sequence[str], looks: Sequence[Look]) -> list[Finding]:
    if not looks:
        return []
    modes = Counter(look.mode for look in looks)
    text = ", ".join(f"{mode} {number}" for mode, number in modes.most_common())
    values = dict(modes)
    findings = []
    grey = [key for key, look in zip(keys, looks, strict=True) if look.grey]
    stored = sum(look.grey and look.mode not in ("1", "L", "LA") and look.mode[0] not in _DEEP for look in looks)
    if len(grey) == len(looks):
        kept = f", {stored} of them stored as colour" if stored else ""
        findings.append(Finding("channels", "fine", f"all grey{kept}: input.channels = 1 is enough", "", (), values))
    elif grey:
        advice = "fine if it reflects reality; if grey depends on the class, it is a shortcut (see 'shortcuts')"
        findings.append(
            Finding(
                "channels",
                "warning",
                f"{len(grey)} of {len(looks)} have no colour (modes: {text})",
                advice,
                tuple((key,) for key in grey),
                {**values, "grey": len(grey)},
            )
        )
    else:
        findings.append(Finding("channels", "fine", f"all in colour ({text})", "", (), values))
    deep = [key for key, look in zip(keys, looks, strict=True) if look.mode.startswith(_DEEP)]
    if deep:
        advice = "input.bits = 16 keeps them; with 8 they are rounded"
        findings.append(_some("16-bit images", deep, "more than 8 bits", advice))
    alpha = [key for key, look in zip(keys, looks, strict=True) if look.mode in _ALPHA]
    if alpha:
        findings.append(
            _some("transparent images", alpha, "an alpha channel", "they are blended with white; is that right?")
        )
    inks = [key for key, look in zip(keys, looks, strict=True) if look.mode == "CMYK"]
    if inks:
        advice = "they are converted without a colour profile: convert them yourself if colour matters"
        findings.append(_some("CMYK images", inks, "printing colours", advice))
    return findings
