"""The derivation run: compiled by `lambdify`, traced over iterations, checked."""
