"""Tests of ``planner``."""
