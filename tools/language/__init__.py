"""The language of looks: names of colours, steps, materials."""
