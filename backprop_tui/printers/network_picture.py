"""A network as a picture: unit by unit where its layers follow one another and there is room, as boxes otherwise."""

from __future__ import annotations

from .box_picture import box_picture
from .canvas import Canvas
from .scene import Scene
from .unit_picture import unit_picture


def network_picture(scene: Scene, width: int, height: int) -> Canvas | None:
    """Draw a scene in the room there is; None where it doesn't do."""
    chain = scene.graph.chain
    units = unit_picture(scene, chain, width, height) if chain else None
    return units or box_picture(scene, width, height)
