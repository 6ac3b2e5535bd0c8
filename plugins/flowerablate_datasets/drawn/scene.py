"""Draws one image: background, stems and leaves, one to three flowers, foreground, light, and a poor camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drawing_numbers import DrawnNumbers, Floats, cosine, sine
from .flowers import as_planes, gradient, mix, paint_daisy, paint_rose, vary
from .painter import Canvas, Colour, Plane, blade, blur, disc, smooth_noise

CLASSES = ("daisy", "rose")

_GREENS: tuple[Colour, ...] = ((0.16, 0.32, 0.10), (0.24, 0.42, 0.14), (0.34, 0.48, 0.18), (0.12, 0.26, 0.16))
_GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((0.10, 0.20, 0.07), (0.38, 0.50, 0.20)),
    ((0.08, 0.14, 0.08), (0.25, 0.38, 0.22)),
    ((0.28, 0.20, 0.13), (0.55, 0.47, 0.33)),
    ((0.45, 0.55, 0.66), (0.80, 0.86, 0.92)),
    ((0.40, 0.40, 0.42), (0.75, 0.74, 0.72)),
    ((0.05, 0.05, 0.06), (0.22, 0.20, 0.20)),
    ((0.50, 0.42, 0.30), (0.82, 0.78, 0.62)),
)
_BLOSSOMS: tuple[Colour, ...] = (
    (0.95, 0.94, 0.90),
    (0.88, 0.40, 0.55),
    (0.95, 0.82, 0.30),
    (0.75, 0.12, 0.18),
    (0.60, 0.50, 0.85),
)


def draw_image(seed: int, index: int, size: int, noise: float) -> NDArray[np.uint8]:
    """Draw image *index* as uint8 [size, size, 3]; even ones are daisies, odd ones roses.

    A pure function of its arguments. *noise* scales the fraction of salt specks, see :func:`sprinkle`.
    """
    name = CLASSES[index % 2]
    canvas = Canvas(size)
    draws = DrawnNumbers("synthetic-flowers", seed, index)
    _background(canvas, draws)
    frames = _frames(draws)
    for frame in frames:
        _stem(canvas, frame, name, draws)
    paint = paint_daisy if name == "daisy" else paint_rose
    for frame in frames:
        paint(canvas, frame, draws)
    _foreground(canvas, draws)
    return _camera(_light(canvas.colours, draws), noise, draws)


def _frames(draws: DrawnNumbers) -> list[Plane]:
    count = 1 + draws.chance(0.30) + draws.chance(0.12)
    frames = []
    for number in range(count):
        radius = draws.uniform(0.65, 1.00) if number == count - 1 else draws.uniform(0.22, 0.45)
        room = 1.05 - 0.75 * radius
        x, y = draws.uniform(-room, room), draws.uniform(-room, room)
        if number == count - 1:
            x, y = x * 0.75, y * 0.75
        frames.append(Plane(x, y, radius, draws.uniform(0.55, 1.0), draws.uniform(-0.12, 0.12)))
    return frames


def _background(canvas: Canvas, draws: DrawnNumbers) -> None:
    dark, light = draws.choice(_GROUNDS)
    dark, light = vary(draws, dark, 0.06), vary(draws, light, 0.08)
    hills = smooth_noise(draws, draws.integer(2, 6), canvas.side)
    detail = smooth_noise(draws, draws.integer(10, 28), canvas.side)
    canvas.colours += gradient(dark, light, 0.65 * hills + 0.35 * detail)
    whole = (slice(0, canvas.side), slice(0, canvas.side))
    tint = smooth_noise(draws, 3, canvas.side)
    canvas.paint(whole, 0.6 * np.clip(tint * 2.0 - 1.0, 0.0, 1.0), vary(draws, draws.choice(_GREENS), 0.08))
    for _ in range(draws.integer(0, 7)):
        spot = Plane(draws.uniform(-1.1, 1.1), draws.uniform(-1.1, 1.1), draws.uniform(0.08, 0.35))
        bright = mix(draws.choice(_BLOSSOMS), light, draws.uniform(0.1, 0.8))
        cover = disc(canvas, spot, 1.0, soft=draws.uniform(2.0, 7.0))
        if cover is not None:
            canvas.paint(cover.box, cover.cover * draws.uniform(0.3, 0.9), bright)
    for _ in range(draws.integer(2, 12)):
        _grass(canvas, draws, draws.uniform(1.0, 2.5), 0.8)
    canvas.colours = blur(canvas.colours, draws.integer(0, 3))


def _grass(canvas: Canvas, draws: DrawnNumbers, soft: float, strength: float) -> None:
    root = Plane(draws.uniform(-1.2, 1.2), draws.uniform(0.0, 1.3), 1.0)
    colour = vary(draws, draws.choice(_GREENS), 0.10)
    length, width = draws.uniform(0.7, 1.9), draws.uniform(0.015, 0.06)
    bend = draws.uniform(-0.2, 0.2)
    shape = blade(canvas, root, 0.75 + draws.uniform(-0.13, 0.13), 0.0, length, width, blunt=1, bend=bend, soft=soft)
    if shape is not None:
        relief = 0.8 + 0.3 * shape.across * shape.across + 0.25 * shape.along
        canvas.paint(shape.box, shape.cover * strength, as_planes(colour) * relief)


def _stem(canvas: Canvas, frame: Plane, name: str, draws: DrawnNumbers) -> None:
    green = vary(draws, draws.choice(_GREENS), 0.06)
    angle = 0.25 + draws.uniform(-0.1, 0.1)
    root = Plane(frame.x, frame.y, 1.0)
    width = frame.radius * (0.07 if name == "rose" else 0.05)
    bend = draws.uniform(-0.15, 0.15)
    stem = blade(canvas, root, angle, -0.6, 2.8, width * 1.3, blunt=4, bend=bend)
    if stem is not None:
        lit = np.clip(1.1 - 0.5 * stem.across * stem.across, 0.3, 1.2)
        below = stem.cover * (stem.along > 0.18)
        canvas.paint(stem.box, below, as_planes(green) * lit)
    for number in range(draws.integer(1, 4)):
        out = frame.radius * draws.uniform(0.5, 1.3)
        turn = angle + (0.17 if number % 2 else -0.17) + draws.uniform(-0.1, 0.1)
        place = Plane(frame.x, frame.y, frame.radius)
        x, y = place.to_canvas(out * 0.8 * cosine(angle), out * 0.8 * sine(angle))
        _leaf(canvas, Plane(x, y, frame.radius), turn, name == "rose", green, draws)


def _leaf(canvas: Canvas, frame: Plane, angle: float, broad: bool, green: Colour, draws: DrawnNumbers) -> None:
    length = draws.uniform(0.7, 1.3)
    # Usually the leaf of the class, sometimes that of the other, so that leaves alone do not decide.
    broad = broad != draws.chance(0.3)
    width = length * (draws.uniform(0.24, 0.34) if broad else draws.uniform(0.08, 0.16))
    bend = draws.uniform(-0.15, 0.15)
    leaf = blade(canvas, frame, angle, 0.1, length, width, blunt=1, bend=bend)
    if leaf is None:
        return
    vein = np.clip(1.0 - np.abs(leaf.across) * 9.0, 0.0, 1.0)
    relief = 0.80 + 0.22 * (leaf.across > 0.0) + 0.18 * vein
    canvas.paint(leaf.box, leaf.cover, gradient(green, mix(green, (0.45, 0.60, 0.25), 0.4), leaf.along) * relief)


def _foreground(canvas: Canvas, draws: DrawnNumbers) -> None:
    if draws.chance(0.45):
        for _ in range(draws.integer(1, 4)):
            _grass(canvas, draws, draws.uniform(1.0, 8.0), 0.9)


def _light(colours: Floats, draws: DrawnNumbers) -> Floats:
    side = colours.shape[1]
    axis = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2.0 / side) - np.float32(1.0)
    angle, slope = draws.uniform(), draws.uniform(0.0, 0.35)
    slope_map = 1.0 + (axis[None, :] * cosine(angle) + axis[:, None] * sine(angle)) * slope
    vignette = 1.0 - draws.uniform(0.0, 0.2) * (axis[None, :] * axis[None, :] + axis[:, None] * axis[:, None])
    exposure = draws.uniform(0.75, 1.15)
    cast = np.array([draws.uniform(0.86, 1.14) for _ in range(3)], np.float32).reshape(3, 1, 1)
    colours = colours * (slope_map * vignette * exposure) * cast
    grey = (colours[0] + colours[1] + colours[2]) * np.float32(1.0 / 3.0)
    saturation = draws.uniform(0.70, 1.10)
    haze = draws.uniform(0.0, 0.12)
    result: Floats = (grey + saturation * (colours - grey)) * (1.0 - haze) + haze * 0.7
    return result


def _camera(colours: Floats, noise: float, draws: DrawnNumbers) -> NDArray[np.uint8]:
    colours = blur(colours, draws.choice((0, 0, 0, 1, 1)))
    std = draws.uniform(0.01, 0.04)
    colours = colours + std * draws.normal_field(*colours.shape)
    pixels = np.rint(np.clip(colours, 0.0, 1.0) * 255.0).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    sprinkle(pixels, noise * draws.uniform(0.16, 0.52), draws)
    return pixels


def sprinkle(pixels: NDArray[np.uint8], fraction: float, draws: DrawnNumbers) -> None:
    """Cover about the *fraction* of the pixels with salt specks, and a sixtieth of that with pepper, in place.

    A speck is 1 x 1, 1 x 2, 2 x 1 or 2 x 2 pixels, so an opening by 3 x 3 removes it unless it touches others.
    """
    words = draws.words(*pixels.shape[:2])
    start = _fractions(words >> np.uint64(40))
    wide_draw, high_draw, level = (_fractions((words >> np.uint64(shift)) & np.uint64(255), 8) for shift in (0, 8, 16))
    rate = fraction / 2.25
    salt = start < rate
    wide, high = salt & (wide_draw < 0.5), salt & (high_draw < 0.5)
    specks = salt.copy()
    specks[:, 1:] |= wide[:, :-1]
    specks[1:] |= high[:-1]
    specks[1:, 1:] |= (wide & high)[:-1, :-1]
    pixels[specks] = (255.0 - 45.0 * level[specks]).astype(np.uint8)[:, None]
    pepper = (start >= rate) & (start < rate + fraction / 60.0)
    pixels[pepper] = (40.0 * level[pepper]).astype(np.uint8)[:, None]


def _fractions(words: NDArray[np.uint64], bits: int = 24) -> Floats:
    fractions: Floats = words.astype(np.float32) * np.float32(1.0 / (1 << bits))
    return fractions
