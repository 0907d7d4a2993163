"""Tests of ``terminal``."""
