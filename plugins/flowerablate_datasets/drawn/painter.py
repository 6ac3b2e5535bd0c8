"""A square canvas for anti-aliased shapes, and the frames in which flowers and leaves are placed."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .drawing_numbers import DrawnNumbers, Floats, cosine, sine

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""

Number = TypeVar("Number", float, Floats)

Box = tuple[slice, slice]

Linear = tuple[float, float, float]
"""The factors a, b, c of the form a x + b y + c."""


class Canvas:
    """Colours as float32 [3, side, side] in 0..1; positions run from -1 to 1, x to the right and y down."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.pixel = 2.0 / side
        self.colours: Floats = np.zeros((3, side, side), np.float32)
        axis = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(self.pixel) - np.float32(1.0)
        self._across, self._down = axis[None, :], axis[:, None]

    def linear(self, box: Box, form: Linear) -> Floats:
        """Return a x + b y + c at the pixels of *box*, float32 [h, w]."""
        a, b, c = form
        result: Floats = (self._across[:, box[1]] * a + c) + self._down[box[0]] * b
        return result

    def box(self, left: float, top: float, right: float, bottom: float) -> Box | None:
        """Return the slices that cover a rectangle with a margin of two pixels, or None if it is not visible."""
        half = self.side / 2.0
        x0, x1 = int((left + 1.0) * half) - 2, int((right + 1.0) * half) + 3
        y0, y1 = int((top + 1.0) * half) - 2, int((bottom + 1.0) * half) + 3
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, self.side), min(y1, self.side)
        return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None

    def paint(self, box: Box, cover: Floats, colour: Colour | Floats) -> None:
        """Blend *colour* (one, or [3, h, w]) over the pixels of *box* with the opacity *cover* [h, w] in 0..1."""
        under = self.colours[:, box[0], box[1]]
        if isinstance(colour, tuple):
            colour = np.array(colour, np.float32).reshape(3, 1, 1)
        under += cover * (colour - under)

    def shade(self, box: Box, cover: Floats, factor: float) -> None:
        """Darken (factor < 1) or lighten the pixels of *box* with the strength *cover*."""
        self.colours[:, box[0], box[1]] *= 1.0 + cover * (factor - 1.0)


class Plane:
    """A tilted plane: its unit circle is an ellipse on the canvas around (x, y).

    *radius* is the long half-axis in canvas units, *tilt* the ratio of the short to the long one, *slant* the direction
    of the long axis in turns.
    """

    def __init__(self, x: float, y: float, radius: float, tilt: float = 1.0, slant: float = 0.0) -> None:
        self.x, self.y, self.radius, self.tilt, self.slant = x, y, radius, tilt, slant
        self._cos, self._sin = cosine(slant), sine(slant)
        self.scale = radius * math.sqrt(tilt)

    def moved(self, x: float, y: float, radius: float) -> Plane:
        """Return a plane with the same tilt and slant at another position."""
        other = copy.copy(self)
        other.x, other.y, other.radius, other.scale = x, y, radius, radius * math.sqrt(self.tilt)
        return other

    def to_canvas(self, u: Number, v: Number) -> tuple[Number, Number]:
        """Return where the point (u, v) of the plane lies on the canvas."""
        v = v * self.tilt
        across, down = u * self._cos - v * self._sin, u * self._sin + v * self._cos
        return self.x + self.radius * across, self.y + self.radius * down

    def forms(self, cos: float = 1.0, sin: float = 0.0) -> tuple[Linear, Linear]:
        """Return the plane's two coordinates as linear forms of canvas positions, its axes turned by an angle."""
        left, low = 1.0 / self.radius, 1.0 / (self.radius * self.tilt)
        ux, uy, vx, vy = left * self._cos, left * self._sin, -low * self._sin, low * self._cos
        first = (ux * cos + vx * sin, uy * cos + vy * sin)
        second = (vx * cos - ux * sin, vy * cos - uy * sin)
        return (*first, -first[0] * self.x - first[1] * self.y), (*second, -second[0] * self.x - second[1] * self.y)

    def bounds(self, corners: list[tuple[float, float]]) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom on the canvas of points given in the plane."""
        points = [self.to_canvas(u, v) for u, v in corners]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class Outline:
    """An outline: the depth of each pixel of *box* inside it, in pixels, and two coordinates, all float32 [h, w]."""

    box: Box
    depth: Floats
    along: Floats
    across: Floats
    soft: float

    @property
    def cover(self) -> Floats:
        """The coverage of each pixel, 0 to 1, with an edge *soft* pixels wide."""
        return np.minimum(np.maximum(self.depth * (1.0 / self.soft) + 0.5, 0.0), 1.0)

    def shadow(self, reach: float) -> Floats:
        """Return a soft coverage that is 0 *reach* pixels outside the shape and 1 *reach* pixels inside."""
        return np.minimum(np.maximum(self.depth * (0.5 / reach) + 0.5, 0.0), 1.0)


def blade(
    canvas: Canvas,
    frame: Plane,
    angle: float,
    start: float,
    end: float,
    width: float,
    *,
    blunt: int = 2,
    soft: float = 1.0,
    bend: float = 0.0,
) -> Outline | None:
    """Outline a petal, leaf or blade of grass in *frame* that points at *angle* (turns), from *start* to *end*.

    *width* is half the maximum width, *blunt* is 1 (an ellipse), 2 or 4 (a broad tip), *soft* is the width of the edge
    in pixels, and *bend* moves the middle sideways. ``along`` runs from 0 at the base to 1 at the tip, ``across`` from
    -1 to 1 between the edges. None if the blade is not visible.
    """
    cos, sin = cosine(angle), sine(angle)
    reach = width * 1.25 + abs(bend)
    corners = [(u * cos - v * sin, u * sin + v * cos) for u in (start, end) for v in (-reach, reach)]
    box = canvas.box(*frame.bounds(corners))
    if box is None:
        return None
    (a, b, c), sideways = frame.forms(cos, sin)
    stretch = 1.0 / (end - start)
    along = canvas.linear(box, (a * stretch, b * stretch, (c - start) * stretch))
    side = canvas.linear(box, sideways)
    power = along
    for _ in range(blunt.bit_length() - 1):
        power = power * power
    inside = along - along * power
    if bend:
        side -= (bend * 4.0) * inside
    # Before the base and beyond the tip *inside* is negative; the factor makes the depth far below 0 there.
    breadth = np.sqrt(np.maximum(inside, 0.0)) * (width * _FULL[blunt])
    pixel = canvas.pixel / frame.scale
    depth = (breadth - np.abs(side)) * (1.0 / pixel)
    depth += np.minimum(inside, 0.0) * 1e6
    return Outline(box, depth, along, side / (breadth + pixel), soft)


def disc(
    canvas: Canvas, frame: Plane, radius: float, *, soft: float = 1.0, squared: float = 0.0, turn: float = 0.0
) -> Outline | None:
    """Outline a disc of *radius* in *frame*, made squarer by *squared* (up to 0.2), its axes rotated by *turn*.

    ``along`` is the distance from the centre, 1 at the edge; ``across`` is the coordinate in the direction of *turn*,
    1 at the edge. None if the disc is not visible.
    """
    round_frame = frame.moved(frame.x, frame.y, frame.radius * radius)
    margin = 1.16 + soft * canvas.pixel / round_frame.radius
    box = canvas.box(*round_frame.bounds([(a * margin, b * margin) for a in (-1, 1) for b in (-1, 1)]))
    if box is None:
        return None
    first, second = round_frame.forms(cosine(turn), sine(turn))
    u, v = canvas.linear(box, first), canvas.linear(box, second)
    uu, vv = u * u, v * v
    distance = uu + vv
    if squared:
        distance = distance - squared * np.minimum(uu * vv, 1.0)
    distance = np.sqrt(np.maximum(distance, 0.0))
    depth = (1.0 - distance) * (round_frame.scale / canvas.pixel)
    return Outline(box, depth, distance, u, soft)


_FULL = {1: 2.0, 2: 1.6118549, 4: 1.3669}
"""1 / max(sqrt(t (1 - t^n))), so that the maximum width is the requested one."""


def smooth_noise(draws: DrawnNumbers, cells: int, side: int) -> Floats:
    """Return smooth random hills, float32 [side, side] in 0..1, with about *cells* hills across."""
    knots = draws.field(cells + 1, cells + 1)
    where = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(cells / side)
    left = np.minimum(where.astype(np.int64), cells - 1)
    part = where - left.astype(np.float32)
    part = part * part * (3.0 - 2.0 * part)
    rows = knots[left] + part[:, None] * (knots[left + 1] - knots[left])
    result: Floats = rows[:, left] + part * (rows[:, left + 1] - rows[:, left])
    return result


def blur(colours: Floats, passes: int) -> Floats:
    """Blur [3, h, w] with the binomial kernel (1 2 1) / 4 in both directions, *passes* times, with repeated edges."""
    for _ in range(passes):
        padded = np.concatenate((colours[:, :1], colours, colours[:, -1:]), axis=1)
        colours = (padded[:, :-2] + 2.0 * padded[:, 1:-1] + padded[:, 2:]) * 0.25
        padded = np.concatenate((colours[:, :, :1], colours, colours[:, :, -1:]), axis=2)
        colours = (padded[:, :, :-2] + 2.0 * padded[:, :, 1:-1] + padded[:, :, 2:]) * 0.25
    return colours
