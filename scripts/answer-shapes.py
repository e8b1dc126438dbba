#!/usr/bin/env python3
"""Writes the table of the answers of AWS services that mocked results are held
against: internal/asl/teststate/shapes.json.gz.

It reads the service models of the Python package botocore (Apache-2.0), of which
it keeps the facts of each answer: the names of its fields, their types, which are
required, and their bounds.

    python3 scripts/answer-shapes.py > internal/asl/teststate/shapes.json.gz
"""

import glob
import gzip
import json
import os
import sys

import botocore

# The services whose answers are kept, with parts of the names of the operations
# to keep, or all of them.
SERVICES = {
    "athena": None, "dynamodb": None, "events": None, "kms": None, "lambda": None, "s3": None, "scheduler": None,
    "secretsmanager": None, "sns": None, "sqs": None, "stepfunctions": None, "sts": None, "redshift-data": None,
    "glue": ["JobRun", "Crawler", "DataQualityR", "GetTable", "GetPartition", "GetDatabase", "GetWorkflowRun", "StartWorkflowRun"],
    "ssm": ["Parameter", "SendCommand", "CommandInvocation"],
    "cloudwatch": ["PutMetric", "GetMetric"],
    "logs": ["PutLogEvents", "CreateLog", "StartQuery", "GetQueryResults", "FilterLogEvents", "GetLogEvents"],
    "batch": ["SubmitJob"],
    "ecs": ["RunTask", "StopTask", "DescribeTasks"],
}

# Bounds that Step Functions holds to although the models have widened them since.
CORRECTIONS = {"MemorySize": 10240}

NUMBERS = {"integer", "long", "float", "double", "bigdecimal"}


def title(name):
    """A field's name as Step Functions has it: it begins with a capital."""
    return name[0].upper() + name[1:]


class Table:
    """The shapes, each once; see shapes.go for the meaning of the keys."""

    def __init__(self):
        self.answers, self.shapes, self.leaves = {}, [], {}

    def add(self, s):
        self.shapes.append(s)
        return len(self.shapes) - 1

    def service(self, name, keep):
        path = sorted(glob.glob(os.path.join(os.path.dirname(botocore.__file__), "data", name, "*", "service-2.json.gz")))[-1]
        with gzip.open(path) as f:
            model = json.load(f)
        known = {}
        for op in sorted(model["operations"]):
            output = model["operations"][op].get("output")
            if output and (keep is None or any(part in op for part in keep)):
                self.answers[name + ":" + op] = self.shape(model, output["shape"], known)

    def shape(self, model, name, known):
        if name in known:
            return known[name]
        m = model["shapes"][name]
        kind = {"structure": "o", "list": "l", "map": "m", "boolean": "b"}.get(m["type"], "n" if m["type"] in NUMBERS else "s")
        s = {"k": kind}
        if m.get("min"):
            s["n"] = m["min"]
        if m.get("max") is not None:
            s["x"] = CORRECTIONS.get(name, m["max"])
        if m.get("enum"):
            s["e"] = m["enum"]
        if kind in "sbn":
            text = json.dumps(s, sort_keys=True)
            if text not in self.leaves:
                self.leaves[text] = self.add(s)
            known[name] = self.leaves[text]
            return known[name]
        known[name] = self.add(s)
        if kind in "lm":
            s["i"] = self.shape(model, m["member" if kind == "l" else "value"]["shape"], known)
            return known[name]
        fields, texts, numbers = {}, [], []
        for field in sorted(m["members"]):
            at = self.shape(model, m["members"][field]["shape"], known)
            if self.shapes[at] == {"k": "s"}:
                texts.append(title(field))
            elif self.shapes[at] == {"k": "n"}:
                numbers.append(title(field))
            else:
                fields[title(field)] = at
        if fields:
            s["f"] = fields
        if texts:
            s["t"] = " ".join(texts)
        if numbers:
            s["d"] = " ".join(numbers)
        if m.get("required"):
            s["r"] = [title(field) for field in m["required"]]
        return known[name]


def main():
    table = Table()
    for name in sorted(SERVICES):
        table.service(name, SERVICES[name])
    text = json.dumps({"answers": table.answers, "shapes": table.shapes}, separators=(",", ":"))
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))


main()
