"""Bridges: the outside world, in and out."""
