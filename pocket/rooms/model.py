"""What a room is: plain frozen data, no drawing.

Lengths are metres, angles degrees. World axes: x to the right, y up, z into the room. The room is the box
0 <= x <= room_width, 0 <= z <= room_depth with the floor at y = 0, open towards the camera; walls are seen
without their upper end. A thing's front looks to -z at yaw 0; a positive yaw turns its front to -x.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RGB = tuple[float, float, float]
"""A colour, sRGB, 0 to 255."""

FLOOR = 0
"""Index of the floor in every scene."""
WALL = 1
"""Index of the wall (back wall and side walls together) in every scene."""


@dataclass(frozen=True)
class Camera:
    """A camera that looks level, with lens shift, so that uprights stay upright in the picture."""

    x: float
    y: float
    z: float
    yaw: float
    """Turn to the right, degrees."""
    tan: float
    """Tangent of half the vertical field of view."""
    shift: float
    """How far the picture's centre looks down (negative) or up, as the tangent of the angle."""


@dataclass(frozen=True)
class Thing:
    """One object. (x, y, z) is the middle of its base; width, height, depth lie along its own axes."""

    kind: str
    colour: str | None
    material: str | None
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    width: float = 1.0
    height: float = 1.0
    depth: float = 1.0
    on: int = FLOOR
    """Index of the thing that it stands on, lies on or hangs on."""
    seed: int = 0
    """Decides its shape within the kind and the small deviation of its colour."""
    second: RGB | None = None
    """Second colour of its pattern, 0 to 255; None: the one that goes with its colour."""
    gone: bool = False
    """Removed: not drawn; it keeps its index."""


@dataclass(frozen=True)
class Scene:
    """A room and the camera that looks at it. things[0] is the floor, things[1] the wall."""

    seed: int
    camera: Camera
    room_width: float
    room_depth: float
    light: tuple[float, float, float]
    """Unit vector towards the main light."""
    things: tuple[Thing, ...] = field(default=())

    def present(self) -> list[int]:
        """Indexes of the things that are not gone."""
        return [i for i, thing in enumerate(self.things) if not thing.gone]


FULL_ASPECT = 4 / 3
"""Width / height of the full picture that a viewport is a part of."""
