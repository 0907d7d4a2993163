"""What can be done to a picture: finding objects by words, painting into masks, and the geometry between."""
