"""Tests of ``pocket``."""
