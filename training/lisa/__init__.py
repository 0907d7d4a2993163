"""Fine-tuning LISA on somebody's own pictures and masks: the data, the losses, the training."""

from training.lisa.base import Base, load_base
from training.lisa.data import Data, Example, Progress, Sample, read_folder
from training.lisa.recipe import Report, Score, Settings, check_output, finetune

__all__ = [
    "Base",
    "Data",
    "Example",
    "Progress",
    "Report",
    "Sample",
    "Score",
    "Settings",
    "check_output",
    "finetune",
    "load_base",
    "read_folder",
]
