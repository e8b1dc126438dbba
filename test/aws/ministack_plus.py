"""MiniStack, with what the deployed lake needs and MiniStack lacks.

Step Functions' task integrations glue:startJobRun and
athena:startQueryExecution are made of MiniStack's own calls of both services:
with .sync they are awaited, as the service does.

The history of an execution has the arguments of its tasks, by which `wplake` knows
a stage that failed.

Scripts of Glue jobs get their arguments on the command line, as from the service,
and their account's credentials.
"""

import json
import os
import subprocess
import sys
import time

from ministack.app import main
from ministack.core.responses import get_account_id
from ministack.services import glue, stepfunctions

# How long a state of these integrations stays unread, in seconds.
PAUSE = 0.2

FAILED = {"FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED", "CANCELLED"}


def call(service, action, arguments):
    """One call of a service, as a task of the SDK integration makes it."""
    resource = f"arn:aws:states:::aws-sdk:{service}:{action}"
    return stepfunctions._invoke_aws_sdk_integration(resource, arguments)


def awaited(describe, state):
    """Asks until the work has ended; its last description is the result."""
    while True:
        description = describe()
        reached = state(description)
        if reached == "SUCCEEDED":
            return description
        if reached in FAILED:
            cause = json.dumps(description, default=str)
            raise stepfunctions._ExecutionError("States.TaskFailed", cause)
        time.sleep(PAUSE)


def start_job_run(resource, arguments):
    started = call("glue", "startJobRun", arguments)
    if not resource.endswith(".sync"):
        return started
    run = {"JobName": arguments["JobName"], "RunId": started["JobRunId"]}
    return awaited(
        lambda: call("glue", "getJobRun", run)["JobRun"],
        lambda description: description["JobRunState"],
    )


def start_query_execution(resource, arguments):
    started = call("athena", "startQueryExecution", arguments)
    if not resource.endswith(".sync"):
        return started
    return awaited(
        lambda: call("athena", "getQueryExecution", started),
        lambda description: description["QueryExecution"]["Status"]["State"],
    )


def get_query_results(_resource, arguments):
    return call("athena", "getQueryResults", arguments)


def run_script(run, job, arguments, path):
    """Runs a job's script to its end and notes in the run how it ended."""
    if "AllocatedCapacity" in run:
        run["AllocatedCapacity"] = int(run["AllocatedCapacity"])  # which the service never gives in parts
    command = [sys.executable, path]
    for name, value in arguments.items():
        command += [name, str(value)]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": get_account_id()}
    minutes = job.get("Timeout", 10)
    try:
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=60 * min(minutes, 10)
        )
    except subprocess.TimeoutExpired:
        run["JobRunState"] = "TIMEOUT"
        return
    print(ended.stdout, ended.stderr, file=sys.stderr)
    if ended.returncode == 0:
        run["JobRunState"] = "SUCCEEDED"
        return
    run["JobRunState"] = "FAILED"
    run["ErrorMessage"] = ended.stderr.strip().rsplit("\n", 1)[-1] or f"exit status {ended.returncode}"


add_event = stepfunctions._add_event


def add_scheduled(execution, event_type, details=None):
    """Adds an event to a history: what a task was called with too."""
    if event_type == "TaskScheduled":
        arguments = sys._getframe(1).f_locals.get("effective")
        details["taskScheduledEventDetails"].setdefault("parameters", json.dumps(arguments, default=str))
    return add_event(execution, event_type, details)


if __name__ == "__main__":
    glue._execute_subprocess = run_script
    stepfunctions._add_event = add_scheduled
    stepfunctions._SERVICE_DISPATCH.update(
        {
            "arn:aws:states:::glue:startJobRun": start_job_run,
            "arn:aws:states:::athena:startQueryExecution": start_query_execution,
            "arn:aws:states:::athena:getQueryResults": get_query_results,
        }
    )
    main()
