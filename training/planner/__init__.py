"""Training the planner's reader: its sentences, its labels, its loop."""
