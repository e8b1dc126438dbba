"""Silver as a Glue Python Shell job: wplake's own function, without Lambda.

Fetches wplake's package (--package s3://bucket/key.zip), starts its binary and
hands it one event, as Lambda does: the execution's input (--input, JSON) with
the execution's name (--execution) as run_id. The job fails where the function
would. Glue's C library is older than the binary wants, so the package brings a
loader and libraries, which start it.
"""
import argparse
import datetime
import http.server
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile

import boto3

LONGEST = 6 * 3600  # seconds; the job's own time-out comes first
RENEWED = 600  # seconds after which the binary asks for credentials again
CREDENTIALS = "/credentials"


class Runtime(http.server.BaseHTTPRequestHandler):
    """Gives the binary its one event, and takes its answer. Lends it the job's
    credentials, from wherever boto3 has them, as containers lend theirs."""

    def do_GET(self):
        body = self.server.event
        if self.path == CREDENTIALS:
            if self.headers.get("Authorization") != self.server.token:
                return self.send_error(403)
            body = lent(self.server.credentials)
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


def lent(credentials):
    """The job's credentials, which boto3 renews, as the SDKs read them."""
    now = credentials.get_frozen_credentials()
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=RENEWED)
    return json.dumps({
        "AccessKeyId": now.access_key, "SecretAccessKey": now.secret_key, "Token": now.token or "",
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }).encode()


def command(task):
    """The binary's command line, by the loader of the package where it has one."""
    program = os.path.join(task, "bootstrap")
    libraries = os.path.join(task, "glue")
    loader = os.path.join(libraries, "ld-linux-x86-64.so.2")
    found = [f for f in (program, loader) if os.path.exists(f)]
    for f in found:
        os.chmod(f, 0o755)  # which a zip does not keep
    if loader not in found:
        return [program]
    return [loader, "--inhibit-cache", "--library-path", libraries, program]


def environment(session, region):
    """The job's, without other libraries; names are looked up without them too."""
    env = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
    env["GODEBUG"] = "netdns=go"
    env.setdefault("AWS_REGION", region or session.region_name or "")
    return env


def serve(program, event, env, session):
    """Runs the binary until it has answered or ended."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Runtime)
    server.event, server.answer, server.timeout = json.dumps(event).encode(), None, 1
    server.token, server.credentials = secrets.token_hex(16), session.get_credentials()
    place = "127.0.0.1:%d" % server.server_port
    env = dict(env, AWS_LAMBDA_RUNTIME_API=place)
    if "AWS_ACCESS_KEY_ID" not in env and server.credentials is not None:
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://" + place + CREDENTIALS
        env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = server.token
        env.pop("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", None)
        env.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", None)
    process = subprocess.Popen(program, env=env)
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
    parser.add_argument("--region", default="")
    parser.add_argument("--execution", default="")
    parser.add_argument("--input", default="{}")
    given, _ = parser.parse_known_args(argv)  # Glue adds arguments of its own
    event = json.loads(given.input)
    if given.execution:
        event["run_id"] = given.execution
    bucket, _, key = given.package[len("s3://"):].partition("/")
    session = boto3.Session()
    with tempfile.TemporaryDirectory() as folder:
        archive, task, scratch = (os.path.join(folder, name) for name in ("package.zip", "task", "tmp"))
        os.mkdir(scratch)
        session.client("s3").download_file(bucket, key, archive)
        with zipfile.ZipFile(archive) as z:
            z.extractall(task)
        os.remove(archive)
        env = dict(environment(session, given.region), LAMBDA_TASK_ROOT=task, TMPDIR=scratch, WPLAKE_FUNCTION="silver")
        well, text = serve(command(task), event, env, session)
    print(text)
    if not well:
        sys.exit("wplake: silver failed: " + text)


if __name__ == "__main__":
    main(sys.argv[1:])
