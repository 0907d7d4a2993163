"""LISA: finding objects by words."""
