"""Data sets that visitors bring along: from the bytes of a file to a `Table`, or to an error that says what is wrong with it.

Read in this order: `limits`, `format` (how a file is written), `decoding` (bytes to text), `cells`, `layout` (text to cells),
`sheets` (workbooks and Parquet to cells), `columns`, `file` (all these), `choice` (what to learn from it), `table`, `summary`.

```
file = read(data)                        # encoding, delimiter, columns: the same for the same bytes
choice = proposed(file)                  # target, task, columns to leave out; the visitor may choose otherwise
table(file, id_of(file.digest, choice))  # the data set; the same for the same bytes and the same id
```
"""

from bn_lab.datasets.uploads.cells import number_of
from bn_lab.datasets.uploads.choice import MISSING, DataChoice, id_of, known, parsed, possible_tasks, proposed, proposed_task
from bn_lab.datasets.uploads.columns import LONGEST, Column, Suspect
from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.file import File, digest_of, read
from bn_lab.datasets.uploads.format import FOUND_OUT, SPACES, AskedKind, Format, encodings
from bn_lab.datasets.uploads.layout import COMMENTS
from bn_lab.datasets.uploads.summary import Distribution, correlations, distribution
from bn_lab.datasets.uploads.table import Plan, plan, table

__all__ = [
    "COMMENTS",
    "FOUND_OUT",
    "LONGEST",
    "MISSING",
    "SPACES",
    "AskedKind",
    "Column",
    "DataChoice",
    "DataError",
    "Distribution",
    "File",
    "Format",
    "Plan",
    "Suspect",
    "correlations",
    "digest_of",
    "distribution",
    "encodings",
    "id_of",
    "known",
    "number_of",
    "parsed",
    "plan",
    "possible_tasks",
    "proposed",
    "proposed_task",
    "read",
    "table",
]
