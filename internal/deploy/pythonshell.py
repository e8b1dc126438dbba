"""Silver as a Glue Python Shell job: fetches wplake's package and runs its binary.

The job's arguments: --package s3://bucket/key.zip (required); all others but
Glue's own go to the binary as they are. The exit status is the binary's.
"""
import os
import subprocess
import sys
import tempfile
import zipfile

import boto3

# Arguments that Glue adds for itself, each with a value.
GLUE = ("--scriptLocation", "--job-language", "--TempDir", "--job-bookmark-option", "--library-set",
        "--extra-py-files", "--additional-python-modules", "--JOB_ID", "--JOB_RUN_ID", "--JOB_NAME",
        "--enable-job-insights", "--enable-metrics", "--enable-continuous-cloudwatch-log")


def split(argv):
    """Splits the arguments into the package's place and those of the binary."""
    package, rest, i = None, [], 0
    while i < len(argv):
        name, joined, value = argv[i].partition("=")
        if name == "--package" or name in GLUE:
            if not joined:
                i += 1
                value = argv[i] if i < len(argv) else ""
            if name == "--package":
                package = value
        else:
            rest.append(argv[i])
        i += 1
    return package, rest


def main(argv):
    package, rest = split(argv)
    if not package or not package.startswith("s3://"):
        sys.exit("wplake: the job's argument --package is missing: s3://bucket/key.zip")
    bucket, _, key = package[len("s3://"):].partition("/")
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "package.zip")
        boto3.client("s3").download_file(bucket, key, archive)
        task = os.path.join(folder, "task")
        with zipfile.ZipFile(archive) as z:
            z.extractall(task)
        os.remove(archive)
        program = os.path.join(task, "bootstrap")
        os.chmod(program, 0o755)
        env = dict(os.environ, LAMBDA_TASK_ROOT=task, TMPDIR=folder)
        return subprocess.call([program, "--config", os.path.join(task, "wplake.yaml"), "--home", "aws",
                                "stage", "silver"] + rest, env=env)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    if status != 0:
        sys.exit("wplake: silver ended with exit status %d" % status)
