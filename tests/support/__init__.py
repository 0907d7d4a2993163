"""What several tests share: stand-ins at a boundary, and checkpoints in published layouts."""
