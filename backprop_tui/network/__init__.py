"""Networks: a forward pass with the numbers it starts from, read from a ``network.toml`` or made from a few words."""

from .layers import Layers, from_layers, parse_layers
from .model import Matrix, Network
from .reader import read_network

__all__ = ["Layers", "Matrix", "Network", "from_layers", "parse_layers", "read_network"]
