"""Tests of ``tools/engines``."""
