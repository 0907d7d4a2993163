"""How well painters paint, held against true renders."""
