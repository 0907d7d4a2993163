"""From frames and the conversation's context to the steps of a plan. Pure functions."""
