"""Fine-tuning LISA on somebody's own pictures and masks: the data, the losses, the training."""

from tools.lisa.finetuning.base import Base, load_base
from tools.lisa.finetuning.data import Data, Example, Progress, Sample, read_folder
from tools.lisa.finetuning.training import Report, Score, Settings, check_output, finetune

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
