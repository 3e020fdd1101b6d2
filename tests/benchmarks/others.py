"""Other libraries, each used as its own documentation would have it. None of them is needed to run the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .cases import RATE, Array, Case, Contestant


def _numpy(tensors: Any) -> list[Array]:
    return [np.asarray(tensor) for tensor in tensors]


def torch_eager(case: Case) -> Contestant:
    """PyTorch, its autograd and torch.optim.SGD."""
    return _torch(case, compiled=False)


def torch_compiled(case: Case) -> Contestant:
    """The same through torch.compile."""
    return _torch(case, compiled=True)


def _torch(case: Case, *, compiled: bool) -> Contestant:
    import torch

    x, t, *weights = (torch.tensor(array) for array in (case.x, case.t, *case.weights()))
    for W in weights:
        W.requires_grad_()
    optimiser = torch.optim.SGD(weights, lr=RATE)

    def loss(x: Any, t: Any, *weights: Any) -> Any:
        h = x
        for W in weights:
            h = torch.sigmoid(h @ W)
        return ((h - t) ** 2).sum()

    forward = torch.compile(loss) if compiled else loss

    def steps(count: int) -> None:
        for _ in range(count):
            optimiser.zero_grad()
            forward(x, t, *weights).backward()
            optimiser.step()

    def gradient() -> Any:
        return torch.autograd.grad(forward(x, t, *weights), weights)

    return Contestant(gradient, _numpy, steps, lambda: [W.detach().numpy() for W in weights])


def jax_jit(case: Case) -> Contestant:
    """JAX: jit of value_and_grad, and of a step with donated weights."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, t = jnp.asarray(case.x), jnp.asarray(case.t)
    weights = [jnp.asarray(W) for W in case.weights()]
    state = [jnp.array(W) for W in weights]

    def loss(weights: Any, x: Any, t: Any) -> Any:
        h = x
        for W in weights:
            h = jax.nn.sigmoid(h @ W)
        return ((h - t) ** 2).sum()

    gradients = jax.jit(jax.value_and_grad(loss))
    rate = np.asarray(RATE, case.dtype)
    step = jax.jit(
        lambda weights, x, t: [W - rate * g for W, g in zip(weights, jax.grad(loss)(weights, x, t), strict=True)],
        donate_argnums=0,
    )

    def steps(count: int) -> None:
        for _ in range(count):
            state[:] = step(state, x, t)
        jax.block_until_ready(state)

    def gradient() -> Any:
        return jax.block_until_ready(gradients(weights, x, t))

    return Contestant(gradient, lambda made: _numpy(made[1]), steps, lambda: _numpy(state))


def hips_autograd(case: Case) -> Contestant:
    """HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    def loss(weights: Any) -> Any:
        h = case.x
        for W in weights:
            h = 1 / (1 + anp.exp(-anp.dot(h, W)))
        return anp.sum((h - case.t) ** 2)

    gradients, weights, state = value_and_grad(loss), case.weights(), case.weights()
    rate = np.asarray(RATE, case.dtype)

    def steps(count: int) -> None:
        for _ in range(count):
            for W, slope in zip(state, gradients(state)[1], strict=True):
                W -= rate * slope

    return Contestant(lambda: gradients(weights), lambda made: _numpy(made[1]), steps, lambda: state)


def micrograd(case: Case) -> Contestant | None:
    """Karpathy's micrograd, an object for each number; its only smooth functions are powers, so exp is added.

    It computes in double precision.
    """
    from micrograd.engine import Value

    if case.batch > 1 or np.dtype(case.dtype) != np.float64:
        return None

    def exp(value: Any) -> Any:
        out = Value(np.exp(value.data).item(), (value,), "exp")

        def backward() -> None:
            value.grad += out.data * out.grad

        out._backward = backward
        return out

    x, t = case.x[0].tolist(), case.t[0].tolist()

    def made(weights: list[Array]) -> Any:
        return [[[Value(each) for each in row] for row in W.tolist()] for W in weights]

    def swept(weights: Any) -> Any:
        h = x
        for W in weights:
            sums = [sum(row[column] * each for each, row in zip(h, W, strict=True)) for column in range(len(W[0]))]
            h = [1 / (1 + exp(-each)) for each in sums]
        sum((each - target) ** 2 for each, target in zip(h, t, strict=True)).backward()
        return weights

    given, state = case.weights(), made(case.weights())
    values = [value for W in state for row in W for value in row]

    def steps(count: int) -> None:
        for _ in range(count):
            for value in values:
                value.grad = 0
            swept(state)
            for value in values:
                value.data -= RATE * value.grad

    def read(swept: Any, name: str = "grad") -> list[Array]:
        return [np.array([[getattr(value, name) for value in row] for row in W]) for W in swept]

    return Contestant(lambda: swept(made(given)), read, steps, lambda: read(state, "data"))


def tensorgrad(case: Case) -> Contestant:
    """tensorgrad, compiled to PyTorch ahead of time."""
    import torch
    from sympy import symbols
    from tensorgrad import Variable, functions
    from tensorgrad.compiler import compile_to_callable

    sizes = symbols(" ".join(f"w{number}" for number in range(case.depth + 1)))
    batch = symbols("n")
    x = Variable("x", n=batch, w0=sizes[0])
    t = Variable("t", **{"n": batch, f"w{case.depth}": sizes[-1]})
    weights = [
        Variable(f"W{number}", **{f"w{number - 1}": sizes[number - 1], f"w{number}": sizes[number]})
        for number in range(1, case.depth + 1)
    ]
    h: Any = x
    for W in weights:
        h = functions.sigmoid(h @ W)
    loss = functions.sum((h - t) * (h - t))
    function = compile_to_callable(loss, *(loss.grad(W) for W in weights))
    tensors = [torch.tensor(array) for array in (case.x, case.t, *case.weights())]
    by_name = dict(zip([x.name, t.name, *(W.name for W in weights)], tensors, strict=True))
    dims = {batch: case.batch, **dict(zip(sizes, case.widths, strict=True))}
    # What its own call does first needs named tensors, which PyTorch has no more.
    run, given = (
        function.codegen.specialize(dims, dtype=tensors[0].dtype),
        [by_name[each.name] for each in function.vars],
    )

    def slopes(made: Any) -> list[Any]:
        plans = zip(made, function._wrap_plans, strict=True)
        outs = [(out if order is None else out.permute(order), names) for out, (order, names) in plans]
        return [out if names[0] == f"w{number}" else out.T for number, (out, names) in enumerate(outs[1:])]

    state = [by_name[W.name].clone() for W in weights]
    held = by_name | dict(zip([W.name for W in weights], state, strict=True))
    moving = [held[each.name] for each in function.vars]

    def steps(count: int) -> None:
        for _ in range(count):
            for W, slope in zip(state, slopes(run(*moving)), strict=True):
                W -= RATE * slope

    return Contestant(lambda: run(*given), lambda made: _numpy(slopes(made)), steps, lambda: _numpy(state))


def casadi(case: Case) -> Contestant | None:
    """CasADi: a symbolic function over single numbers, in its virtual machine and in double precision."""
    import casadi as ca

    if max(case.widths) > 16 or np.dtype(case.dtype) != np.float64:
        return None
    symbol: Any = ca.SX.sym if case.batch == 1 else ca.MX.sym
    x, t = symbol("x", *case.x.shape), symbol("t", *case.t.shape)
    weights = [symbol(f"W{number}", *W.shape) for number, W in enumerate(case.weights())]
    h = x
    for W in weights:
        h = 1 / (1 + ca.exp(-(h @ W)))
    loss = ca.sumsqr(h - t)
    slopes = [ca.gradient(loss, W) for W in weights]
    function = ca.Function("gradients", [x, t, *weights], [loss, *slopes])
    moved = [W - RATE * slope for W, slope in zip(weights, slopes, strict=True)]
    step, state = ca.Function("step", [x, t, *weights], moved), [ca.DM(W) for W in case.weights()]

    def steps(count: int) -> None:
        for _ in range(count):
            state[:] = [*step(case.x, case.t, *state)]

    given = [case.x, case.t, *case.weights()]
    return Contestant(lambda: function(*given), lambda made: _numpy(made[1:]), steps, lambda: _numpy(state))


OTHERS: Final[dict[str, tuple[str, Callable[[Case], Contestant | None]]]] = {
    "PyTorch, eager": ("torch", torch_eager),
    "PyTorch, compiled": ("torch", torch_compiled),
    "JAX, jit": ("jax", jax_jit),
    "HIPS autograd": ("autograd", hips_autograd),
    "micrograd": ("micrograd", micrograd),
    "tensorgrad": ("tensorgrad", tensorgrad),
    "CasADi": ("casadi", casadi),
}
"""By the name in the table: the package that has to be installed, and how it is used."""
