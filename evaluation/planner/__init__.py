"""How well planners read sentences."""
