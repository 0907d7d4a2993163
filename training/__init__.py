"""Training: the pocket models, the planner's reader, and LISA on somebody's own pictures."""
