"""Tests of ``turn``."""
