"""The screens: the stepper, and what is laid over it."""
