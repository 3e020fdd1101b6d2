"""Backpropagation derived by SymPy, run by NumPy and stepped through in the terminal."""

__version__ = "0.1.0"
