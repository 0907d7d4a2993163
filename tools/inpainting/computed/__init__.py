"""Engines that compute an edit on the picture's own pixels: colours, materials, removals."""
