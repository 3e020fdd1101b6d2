"""The derivation: chalkboard equations in, every backward stage out. SymPy only, no numbers."""
