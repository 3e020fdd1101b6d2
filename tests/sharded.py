"""Steps on one device and on several: ``python -m tests.sharded`` with as many of JAX's devices as are to be had.

``python -m tests.sharded ADDRESS COUNT NUMBER`` is one of several processes that share theirs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from backprop_tui import gallery
from backprop_tui.engine.fused.jax_step import JaxStep
from backprop_tui.network import Network
from backprop_tui.network.layers import Layers, from_layers
from backprop_tui.network.model import Batches

from .networks import Array

STEPS = 5


def networks() -> Iterator[Network]:
    yield gallery.load("softmax-classifier")
    yield gallery.load("attention")
    yield gallery.load("lecture")
    layers = from_layers(Layers((6, 5, 3), ("tanh", "softmax"), "mean_cross_entropy", bias=True), samples=16)
    yield replace(layers, name="batches", batches=Batches(8, "shuffled"))


def compared(network: Network) -> dict[str, Any]:
    alone, together = (JaxStep(network.derivation, devices=devices) for devices in (jax.local_devices()[:1], None))
    batches = network.inputs if network.batches else None
    gradients = [step.gradients(network.start) for step in (alone, together)]
    trained = [step.run(network.start, STEPS, batches) for step in (alone, together)]
    x, *others = together.placed(network.start)
    return {
        "devices": together.placement.mesh.size,
        "rows": [shard.data.shape[0] for shard in x.addressable_shards],
        "gradients": error(*({**each.by_name, "loss": np.array(each.loss)} for each in gradients)),
        "training": error(*({**each.values, "losses": each.losses} for each in trained)),
        "all-reduce": "all-reduce" in together.program,
        "parameters whole": others[-1].is_fully_replicated,
    }


def error(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """Return the largest difference, relative to the largest entry of the array it is in."""
    return max(float(np.abs(one[name] - other[name]).max() / np.abs(one[name]).max()) for name in one)


if __name__ == "__main__":
    if sys.argv[1:]:
        jax.distributed.initialize(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    shared = [network for network in networks() if network.inputs(0)["x"].shape[0] % jax.process_count() == 0]
    print("\n" + json.dumps({network.name: compared(network) for network in shared}))
