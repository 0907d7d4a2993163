"""Measuring sets that were written by hand, and the checkers that score against them."""
