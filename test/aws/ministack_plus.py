"""MiniStack, with what the deployed lake needs and MiniStack lacks.

Step Functions' task integrations glue:startJobRun and
athena:startQueryExecution are made of MiniStack's own calls of both services:
with .sync they are awaited, as the service does.
"""

import json
import time

from ministack.app import main
from ministack.services import stepfunctions

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


if __name__ == "__main__":
    stepfunctions._SERVICE_DISPATCH.update(
        {
            "arn:aws:states:::glue:startJobRun": start_job_run,
            "arn:aws:states:::athena:startQueryExecution": start_query_execution,
            "arn:aws:states:::athena:getQueryResults": get_query_results,
        }
    )
    main()
