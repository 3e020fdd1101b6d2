"""The chain rule as a strip of factors, from the loss to a parameter: dE/dW = dE/dy · dy/dz · dz/dh · dh/dp · dp/dW.

The adjoint of what is used once is one product, which the strip opens. The adjoint of what is used in several places is
a sum: it stays in the strip as a factor, and its own strip has a product for each use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .derivation import Derivation
from .stages import Factor, Kind


@dataclass(frozen=True)
class Strip:
    """What the chain rule multiplied.

    Attributes
    ----------
    of:
        The adjoint or the gradient.
    products:
        One for each use of the quantity: the names of the factors, every one a stage. Where the loss itself is one of
        several uses, that product has no factors, for no stage computes it by itself.

    """

    of: str
    products: tuple[tuple[str, ...], ...]


class Mark(NamedTuple):
    """A factor of a strip: which product, and which factor of it."""

    product: int
    factor: int


def strip(derivation: Derivation, name: str) -> Strip | None:
    """Return the strip of an adjoint or a gradient, None for any other quantity."""
    factors = derivation[name].factors if name in derivation else ()
    if not factors:
        return None
    products = tuple(_product(derivation, factor) for factor in factors)
    return Strip(name, products if any(products) else ((name,),))


def marked(derivation: Derivation, whole: Strip, present: str) -> tuple[Mark, ...]:
    """Return the factors that a stage brings in, none where it has no part in the strip.

    A local derivative is itself a factor. An adjoint is what the first factors of a product make: it brings in the last
    of these. Several products may begin alike, and then each has its mark.
    """
    made = _opened(derivation, present) if present in derivation else ()
    found = []
    for number, product in enumerate(whole.products):
        if present in product:
            found.append(Mark(number, product.index(present)))
        elif made and made == product[: len(made)]:
            found.append(Mark(number, len(made) - 1))
    return tuple(found)


def leading(derivation: Derivation, name: str) -> Strip | None:
    """Return the strip that a backward stage is a step of: the next one that ends here or later; None outside of all.

    A strip ends at a gradient, or at an adjoint that is a sum of several products.
    """
    order = [stage.name for stage in derivation]
    strips = (strip(derivation, later) for later in order[order.index(name) :])
    ending = (whole for whole in strips if whole is not None and _ends(derivation, whole))
    return next((whole for whole in ending if whole.of == name or marked(derivation, whole, name)), None)


def _product(derivation: Derivation, factor: Factor) -> tuple[str, ...]:
    return (*_opened(derivation, factor.adjoint), factor.local) if factor.adjoint else ()


def _opened(derivation: Derivation, name: str) -> tuple[str, ...]:
    """Return the factors of an adjoint that is one product; of any other, itself."""
    factors = derivation[name].factors
    opened = _product(derivation, factors[0]) if len(factors) == 1 else ()
    return opened or (name,)


def _ends(derivation: Derivation, whole: Strip) -> bool:
    return derivation[whole.of].kind is Kind.GRADIENT or len(whole.products) > 1
