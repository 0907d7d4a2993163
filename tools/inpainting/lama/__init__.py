"""LaMa: takes things out of photographs, in one pass."""
