"""Tests of ``tools/segmenting``."""
