"""Paints daisies and roses: petals from back to front, each with a shadow, a gradient and a light edge."""

from __future__ import annotations

from functools import cache

import numpy as np

from .drawing_numbers import DrawnNumbers, Floats, cosine, sine
from .painter import Canvas, Colour, Plane, blade, disc

GOLDEN = 0.3819660112501051
"""The golden angle in turns, between one petal or floret and the next."""

_FLORETS = 400

# Main colours, repeated by frequency; both classes have white, pink and yellow, so colour alone does not decide.
DAISY_COLOURS: tuple[Colour, ...] = (
    (0.97, 0.97, 0.95),
    (0.97, 0.97, 0.95),
    (0.98, 0.95, 0.88),
    (0.94, 0.94, 0.98),
    (0.93, 0.62, 0.76),
    (0.88, 0.45, 0.62),
    (0.98, 0.86, 0.40),
    (0.78, 0.68, 0.92),
    (0.86, 0.25, 0.30),
)
ROSE_COLOURS: tuple[Colour, ...] = (
    (0.80, 0.08, 0.14),
    (0.72, 0.05, 0.16),
    (0.90, 0.18, 0.28),
    (0.93, 0.45, 0.60),
    (0.96, 0.68, 0.76),
    (0.97, 0.95, 0.92),
    (0.98, 0.90, 0.76),
    (0.98, 0.84, 0.38),
    (0.97, 0.62, 0.42),
)
DISC_COLOURS: tuple[Colour, ...] = ((0.98, 0.80, 0.12), (0.96, 0.72, 0.10), (0.88, 0.62, 0.10), (0.80, 0.72, 0.20))


def mix(one: Colour, other: Colour, part: float) -> Colour:
    """Return the colour *part* of the way from *one* to *other*."""
    red, green, blue = (a + (b - a) * part for a, b in zip(one, other, strict=True))
    return red, green, blue


def dim(colour: Colour, factor: float) -> Colour:
    """Return *colour* times *factor*."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def vary(draws: DrawnNumbers, colour: Colour, amount: float) -> Colour:
    """Move each channel of *colour* by up to *amount*, within 0..1."""
    red, green, blue = (min(max(c + draws.uniform(-amount, amount), 0.0), 1.0) for c in colour)
    return red, green, blue


def gradient(one: Colour, other: Colour, part: Floats) -> Floats:
    """Return float32 [3, h, w] that goes from *one* to *other* as *part* [h, w] goes from 0 to 1."""
    first = as_planes(one)
    result: Floats = first + part * (as_planes(other) - first)
    return result


def as_planes(colour: Colour) -> Floats:
    """Return *colour* as float32 [3, 1, 1]."""
    return np.array(colour, np.float32).reshape(3, 1, 1)


def paint_daisy(canvas: Canvas, frame: Plane, draws: DrawnNumbers) -> None:
    """Paint rays around a dome of florets; number, breadth, length and order of the petals vary."""
    colour = vary(draws, draws.choice(DAISY_COLOURS), 0.04)
    shaded = draws.choice(((0.72, 0.76, 0.55), (0.80, 0.70, 0.72), (0.70, 0.70, 0.80)))
    base = mix(colour, shaded, draws.uniform(0.3, 0.7))
    count = draws.integer(11, 24)
    breadth = draws.uniform(0.9, 1.35) * 2.2 / count
    radius = draws.uniform(0.24, 0.36)
    blunt = draws.choice((2, 2, 4))
    layers = 2 if count < 18 and draws.chance(0.5) else 1
    jitter = draws.uniform(0.05, 0.3) / count
    raggedness = draws.uniform(0.04, 0.16)
    lift = draws.uniform(0.0, 0.10)
    for layer in range(layers):
        turn = draws.uniform()
        # Every other petal lies below its neighbours.
        for position in [*range(0, count, 2), *range(1, count, 2)]:
            if draws.chance(0.03):
                continue
            angle = turn + position / count + draws.uniform(-jitter, jitter)
            length = (1.0 - 0.06 * layer) * (1.0 - draws.uniform(0.0, raggedness))
            width = breadth * draws.uniform(0.85, 1.15)
            bend = width * draws.uniform(-0.4, 0.4)
            light = draws.uniform(0.90, 1.04) - 0.06 * (layers - 1 - layer)
            _petal(canvas, frame, angle, length, width, blunt, bend, light, colour, base)
    _disc(canvas, frame, radius, lift, draws)


def _petal(
    canvas: Canvas,
    frame: Plane,
    angle: float,
    length: float,
    width: float,
    blunt: int,
    bend: float,
    light: float,
    colour: Colour,
    base: Colour,
) -> None:
    petal = blade(canvas, frame, angle, 0.08, length, width, blunt=blunt, bend=bend)
    if petal is None:
        return
    canvas.shade(petal.box, petal.shadow(0.02 * canvas.side), 0.70)
    part = np.minimum(np.maximum(petal.along * 1.7 - 0.25, 0.0), 1.0)
    groove = np.abs(petal.across)
    # Two ridges with a groove between, darker edges.
    relief = 0.93 + groove * (0.10 - 0.16 * groove * groove)
    canvas.paint(petal.box, petal.cover, gradient(dim(base, light), dim(colour, light), part) * relief)


def _disc(canvas: Canvas, frame: Plane, radius: float, lift: float, draws: DrawnNumbers) -> None:
    dome = frame.moved(frame.x, frame.y - lift * frame.radius, frame.radius * radius)
    yellow = vary(draws, draws.choice(DISC_COLOURS), 0.04)
    brown = mix(yellow, (0.50, 0.26, 0.05), draws.uniform(0.35, 0.7))
    green = mix(yellow, (0.55, 0.55, 0.12), draws.uniform(0.0, 0.6))
    body = disc(canvas, dome, 1.0)
    if body is None:
        return
    canvas.shade(body.box, body.shadow(0.03 * canvas.side), 0.62)
    rim = np.minimum(np.maximum(body.along * 1.6 - 0.55, 0.0), 1.0)
    canvas.paint(body.box, body.cover, gradient(mix(yellow, green, 0.5), brown, rim * rim))
    _florets(canvas, dome, yellow, green, draws)


def _florets(canvas: Canvas, dome: Plane, yellow: Colour, green: Colour, draws: DrawnNumbers) -> None:
    """Set dots of one pixel along a spiral, lighter towards the top, greener in the middle."""
    count = int(min(_FLORETS, max(24.0, (dome.scale / canvas.pixel) * (dome.scale / canvas.pixel) / 5.0)))
    out = np.sqrt(np.arange(count, dtype=np.float32) / np.float32(count)) * np.float32(0.92)
    spiral = _spiral()[:, :count]
    across, down = spiral[0] * out, spiral[1] * out
    light = 1.08 - 0.22 * down - 0.30 * out * out + 0.28 * (draws.field(count) - 0.5)
    tint = gradient(green, yellow, np.minimum(out * 1.6, 1.0)[None])[:, 0] * light
    x, y = dome.to_canvas(across, down)
    left = ((x + 1.0) * (1.0 / canvas.pixel)).astype(np.int64)
    top = ((y + 1.0) * (1.0 / canvas.pixel)).astype(np.int64)
    seen = (left >= 0) & (left < canvas.side) & (top >= 0) & (top < canvas.side)
    left, top = left[seen], top[seen]
    under = canvas.colours[:, top, left]
    canvas.colours[:, top, left] = under + 0.7 * (tint[:, seen] - under)


@cache
def _spiral() -> Floats:
    turns = [number * GOLDEN for number in range(_FLORETS)]
    return np.array([[cosine(turn) for turn in turns], [sine(turn) for turn in turns]], np.float32)


def paint_rose(canvas: Canvas, frame: Plane, draws: DrawnNumbers) -> None:
    """Paint nested petals that spiral inwards by the golden angle, the inner ones raised, around a dark heart."""
    outer = vary(draws, draws.choice(ROSE_COLOURS), 0.04)
    deep = draws.choice(((0.45, 0.02, 0.06), (0.60, 0.20, 0.10), (0.55, 0.10, 0.20)))
    heart = mix(outer, deep, draws.uniform(0.35, 0.7))
    edge = mix(outer, (1.0, 0.97, 0.95), draws.uniform(0.15, 0.45))
    count = draws.integer(15, 24)
    turn = draws.uniform()
    lift = draws.uniform(0.10, 0.28) * (1.2 - frame.tilt)
    loose = draws.uniform(0.02, 0.08)
    for number in range(count):
        size = 1.0 - number / count
        size = 0.13 + 0.87 * size * (0.55 + 0.45 * size)
        angle = turn + number * GOLDEN + draws.uniform(-loose, loose)
        raised = frame.moved(frame.x, frame.y - frame.radius * lift * (1.0 - size), frame.radius)
        _rose_petal(canvas, raised, angle, size, draws, outer, heart, edge)
    whorl = frame.moved(frame.x, frame.y - frame.radius * lift * 0.9, frame.radius * 0.17)
    _heart(canvas, whorl, turn, heart, edge, draws)


def _rose_petal(
    canvas: Canvas,
    frame: Plane,
    angle: float,
    size: float,
    draws: DrawnNumbers,
    outer: Colour,
    heart: Colour,
    edge: Colour,
) -> None:
    out = size * draws.uniform(0.40, 0.48)
    x, y = frame.to_canvas(out * cosine(angle), out * sine(angle))
    breadth = size * draws.uniform(0.50, 0.60)
    brightness, shine = draws.uniform(0.92, 1.05), draws.uniform(0.5, 0.95)
    petal = disc(canvas, frame.moved(x, y, frame.radius * breadth), 1.0, squared=0.16, turn=angle)
    if petal is None:
        return
    canvas.shade(petal.box, petal.shadow(0.03 * canvas.side), 0.64)
    part = np.minimum(np.maximum(0.5 + 0.62 * petal.across, 0.0), 1.0)
    colour = gradient(dim(heart, brightness), dim(outer, brightness), part * (1.4 - 0.4 * part))
    # The lip: the outer edge rolls back and catches the light.
    lip = np.minimum(np.maximum((petal.along - 0.80) * 6.0, 0.0), 1.0)
    lip *= np.minimum(np.maximum(petal.across * (1.6 * shine) + 0.25 * shine, 0.0), shine)
    canvas.paint(petal.box, petal.cover, colour + lip * (as_planes(edge) - colour))


def _heart(canvas: Canvas, whorl: Plane, turn: float, heart: Colour, edge: Colour, draws: DrawnNumbers) -> None:
    dark = mix(heart, (0.10, 0.0, 0.02), 0.45)
    for number in range(3):
        angle = turn + number * 0.41 + draws.uniform(-0.05, 0.05)
        body = disc(canvas, whorl, 1.0, soft=2.0, turn=angle)
        if body is None:
            return
        if number == 0:
            canvas.paint(body.box, body.cover * 0.85, dark)
        size = 0.85 - 0.24 * number
        ring = np.maximum(1.0 - np.abs(body.along - size) * 7.0, 0.0)
        ring *= np.minimum(np.maximum(body.across * 2.0 + 0.7, 0.0), 1.0)
        canvas.paint(body.box, ring * 0.9, mix(heart, edge, 0.75 - 0.15 * number))
