"""Compares two folders of Parquet files, row by row, value by value, type by type.

Usage: compare.py LEFT RIGHT: below both lie <layer>/<object>.parquet. It prints one
JSON document, a list with an entry for each file of either folder.
"""

import json
import pathlib
import sys

import duckdb

left, right = (pathlib.Path(folder) for folder in sys.argv[1:])
database = duckdb.connect()


def ask(sql):
    return database.execute(sql).fetchall()


def rows(path):
    return f"read_parquet('{path}', file_row_number = true)"


def compare(name):
    here, there = left / name, right / name
    if not here.exists() or not there.exists():
        return {"table": name, "equal": False, "why": "it is in one of both only"}
    columns = [[(column, kind) for column, kind, *_ in ask(f"DESCRIBE FROM {rows(path)}")] for path in (here, there)]
    found = {
        "table": name,
        "rows": ask(f"SELECT count(*) FROM {rows(here)}")[0][0],
        "columns": len(columns[0]) - 1,  # without the row's number
        "values": 0,
        "equal": False,
    }
    if columns[0] != columns[1]:
        return {**found, "why": f"columns {columns[0]} and {columns[1]}"}
    found["values"] = found["rows"] * found["columns"]
    here_only = ask(f"SELECT count(*) FROM (FROM {rows(here)} EXCEPT ALL FROM {rows(there)})")[0][0]
    there_only = ask(f"SELECT count(*) FROM (FROM {rows(there)} EXCEPT ALL FROM {rows(here)})")[0][0]
    if here_only or there_only:
        return {**found, "why": f"{here_only} rows are in the first only, {there_only} in the second"}
    return {**found, "equal": True}


names = {str(path.relative_to(folder)) for folder in (left, right) for path in folder.glob("*/*.parquet")}
print(json.dumps([compare(name) for name in sorted(names)]))
