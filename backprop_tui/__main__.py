"""``python -m backprop_tui`` is ``backprop-tui``."""

from .cli import main

main()
