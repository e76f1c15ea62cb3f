"""Data sets: shipped, computed, drawn or uploaded; splitting and standardizing."""

from bn_lab.datasets.generated import GENERATED
from bn_lab.datasets.lookup import keep, table_of
from bn_lab.datasets.shipped import DATASETS, as_csv, load
from bn_lab.datasets.splitting import Split, split, standardization
from bn_lab.datasets.tables import Table, Task

__all__ = ["DATASETS", "GENERATED", "Split", "Table", "Task", "as_csv", "keep", "load", "split", "standardization", "table_of"]
