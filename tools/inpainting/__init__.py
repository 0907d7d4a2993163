"""Painting into masks: the interface of an inpainter, the geometry around it, and the engines behind it."""
