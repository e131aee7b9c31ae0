"""Categories to codes, and contingency counts in memory or in a database.

Trees, Bayesian networks and most descriptive tables learn from nothing but counts. So there is
one encoder and one counting service:

- ``Encoder().fit_encode(frame)`` gives `Codes`: ``codes.matrix`` has one row of small unsigned
  integers per column of the frame, ``codes.attributes`` says what they mean. With K levels, codes
  0 to K - 1 are the levels, ``attribute.missing`` is K and ``attribute.unseen`` is K + 1;
  ``codes.decode()`` gives the values back.
- ``Encoder().fit_table(table).encode_table(table)`` gives `CodedTable`, the same view of an Ibis
  table (DuckDB, Spark, ...), of which nothing is loaded.
- ``count_table(source, columns, weight)`` takes either and returns the joint counts as an array
  with one axis of ``attribute.size`` (K + 1) cells per column; ``count_tables`` does several at
  once and ``count_pairs`` every pair. Both engines give the same numbers.
- `level_counter` and `SqlCounter` serve a learner that grows level by level (`crmlib.tree`).

>>> import pandas as pd
>>> customers = pd.DataFrame({"plan": ["a", "b", "a"], "churn": ["no", "yes", "yes"]})
>>> codes = Encoder().fit_encode(customers)
>>> count_table(codes, ["plan", "churn"])[:2, :2]
array([[1., 1.],
       [0., 1.]])
"""

from crmlib.counts.codes import Attribute, Codes
from crmlib.counts.encoder import Encoder
from crmlib.counts.levels import Edges, LevelCounter, LevelCounts
from crmlib.counts.memory import level_counter
from crmlib.counts.sql import CodedTable
from crmlib.counts.sql_levels import SqlCounter
from crmlib.counts.tables import checked_weights, count_pairs, count_table, count_tables

__all__ = [
    "Attribute",
    "CodedTable",
    "Codes",
    "Edges",
    "Encoder",
    "LevelCounter",
    "LevelCounts",
    "SqlCounter",
    "checked_weights",
    "count_pairs",
    "count_table",
    "count_tables",
    "level_counter",
]
