"""Tests of ``tools/inpainting``."""
