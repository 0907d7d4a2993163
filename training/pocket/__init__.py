"""Training the pocket models, each stage callable alone: ``python -m training.pocket``."""
