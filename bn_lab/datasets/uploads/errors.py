"""`DataError`: what is wrong with a visitor's file, or with what was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping

from bn_lab.experiment import ExperimentError


class DataError(ExperimentError):
    """A file that is no table, or choices that its table does not allow.

    Neither the sentence nor the values hold anything of the data: columns are known by their number (`column`, from 1), kinds
    of content by our own names. So it may stand in a log; the page looks up what a column is called.
    """

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "file_empty": "{field} must hold a table, got nothing",
        "file_large": "{field} must have at most {high} MB, got {value}",
        "file_kind": "{field} must be text, got {value}",
        "file_encoding": "{field} must be text in {encoding}, but line {value} is not",
        "file_one_column": "{field} must have two or more columns, got {value}",
        "file_ragged": "{field} must have {expected} fields in every line, as most have, but line {line} has {value}",
        "file_quote": "{field} must close every quotation mark, but the one before or in line {value} stays open",
        "file_field": "{field} must have at most {high} characters in a field, but there are more in line {value}",
        "file_cells": "{field} must have at most {high} cells, rows times columns, got {value}",
        "file_columns": "{field} must have at most {high} columns, got {value}",
        "file_rows": "{field} must have at most {high} rows, got {value}",
        "file_few": "{field} must have at least {low} rows, got {value}",
        "file_sheet": "{field} must have that sheet, got {value} of {high}",
        "file_table": "{field} must be a whole workbook or Parquet file, got a broken one",
        "file_memory": "{field} must be read within {high} MB of memory, which is not enough for it",
        "file_time": "{field} must be read within {high} s, which are over",
        "format_encoding": "{field} must be an encoding of text that Python knows, got a name of {value} characters",
        "format_delimiter": "{field} must be one character, or spaces, got {value} characters",
        "format_lines": "{field} must be from 0 to {high} lines, got {value}",
        "format_comment": "{field} must be at most {high} characters without spaces, got {value}",
        "format_decimal": "{field} must be a point or a comma, got {value} characters",
        "format_thousands": "{field} must be one sign that is no letter, digit, plus or minus, got {value} characters",
        "format_missing": "{field} must be at most {high} texts of 1 to {longest} characters, got {value}",
        "format_same": "{field} must be another sign than the decimal separator, got the same",
        "column_unknown": "{field} must have that column, got {value} of {high}",
        "target_kind": "{field} must be numbers, classes or yes and no, but column {column} is {kind}",
        "target_numbers": "{field} must be numbers for regression, but column {column} is {kind}",
        "target_constant": "{field} must have different numbers, but column {column} has one",
        "target_one_class": "{field} must have two or more classes, but column {column} has one",
        "target_classes": "{field} must have at most {high} classes, but column {column} has {count}",
        "rows_left": "{field} must have at least {low} rows, of {rows} there are {value} left",
        "features_none": "{field} must have a column to learn from, got {value}",
        "feature_empty": "{field} must have values where the target has one, but column {column} has none",
        "inputs_many": "{field} must have at most {high} inputs, got {value}, {count} of them from column {column}",
        "numbers_many": "{field} must have at most {high} numbers, rows times inputs, got {value}",
        "files_many": "{field} may be {high} at a time, got {value}",
        "files_memory": "{field} may take {high} MB of memory, got {value}",
    }
