"""Measurements, run by hand; speed is never asserted."""
