"""FLUX: painting into a mask."""
