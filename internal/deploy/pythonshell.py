"""Silver as a Glue Python Shell job: wplake's own function, without Lambda.

Fetches wplake's package (--package s3://bucket/key.zip), starts its binary and
hands it one event, as Lambda does: the execution's input (--input, JSON) with
the execution's name (--execution) as run_id. The job fails where the function
would.
"""
import argparse
import http.server
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile

import boto3

LONGEST = 6 * 3600  # seconds; the job's own time-out comes first
RUNTIME = "/2018-06-01/runtime/"  # Lambda's runtime interface


class Runtime(http.server.BaseHTTPRequestHandler):
    """Gives the binary its one event, and takes its answer."""

    def do_GET(self):
        body = self.server.event
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + LONGEST) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:::function:data_wordpressapi_silver")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.endswith("/response"):
            self.server.answer = (True, text)
        elif self.path.endswith("/error"):
            self.server.answer = (False, text)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def serve(program, event, env):
    """Runs the binary until it has answered or ended."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Runtime)
    server.event, server.answer, server.timeout = json.dumps(event).encode(), None, 1
    process = subprocess.Popen([program], env=dict(env, AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % server.server_port))
    try:
        while server.answer is None and process.poll() is None:
            server.handle_request()
        return server.answer or (False, "the binary ended with exit status %d" % process.wait())
    finally:
        process.kill()
        process.wait()
        server.server_close()


def main(argv):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--package", required=True)
    parser.add_argument("--execution", default="")
    parser.add_argument("--input", default="{}")
    given, _ = parser.parse_known_args(argv)  # Glue adds arguments of its own
    event = json.loads(given.input)
    if given.execution:
        event["run_id"] = given.execution
    bucket, _, key = given.package[len("s3://"):].partition("/")
    with tempfile.TemporaryDirectory() as folder:
        archive, task, scratch = (os.path.join(folder, name) for name in ("package.zip", "task", "tmp"))
        os.mkdir(scratch)
        boto3.client("s3").download_file(bucket, key, archive)
        with zipfile.ZipFile(archive) as z:
            z.extractall(task)
        os.remove(archive)
        program = os.path.join(task, "bootstrap")
        os.chmod(program, 0o755)
        well, text = serve(program, event, dict(os.environ, LAMBDA_TASK_ROOT=task, TMPDIR=scratch, WPLAKE_FUNCTION="silver"))
    print(text)
    if not well:
        sys.exit("wplake: silver failed: " + text)


if __name__ == "__main__":
    main(sys.argv[1:])
