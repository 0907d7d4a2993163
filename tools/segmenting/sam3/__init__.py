"""SAM 3: all instances of a noun phrase."""
