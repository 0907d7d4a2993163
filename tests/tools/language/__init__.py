"""Tests of ``tools/language``."""
