#!/usr/bin/env python3
"""Runs a command with emulators of AWS on loopback, and ends them after it.

    .venv-aws/bin/python scripts/aws_emulators.py [--logs DIR] [--only NAME,...] COMMAND...

The command finds the emulators by its environment:

    MINISTACK_URL       MiniStack: S3, SSM, SNS, Glue, Athena, Lambda, Step Functions, ...
    MINISTACK_AUTH_URL  another MiniStack, which enforces IAM's policies
    MOTO_URL            moto: Glue's table versions and partition expressions
    SEAWEEDFS_URL       SeaweedFS: the strict S3
    AWS_TOOLS           the folder of cfn-lint and the AWS CLI

and has credentials and a region that they take. The exit status is the
command's. Whatever happens to the command or to this program, every emulator
ends with it: each has a process group of its own, which is ended by its number,
and the kernel ends those whose parent was killed (Linux).
"""

import argparse
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HOST = "127.0.0.1"
TOOLS = pathlib.Path(sys.executable).parent
SHIM = pathlib.Path(__file__).resolve().parent.parent / "test" / "aws" / "ministack_plus.py"
READY_WITHIN = 90  # seconds; one that is not ready then has failed
ENDED_WITHIN = 10  # seconds; one that still runs then is killed
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "testtest",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Emulators:
    """The emulators that run, in the order in which they were started."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []  # (name, process)
        self.taken = set()  # ports

    def port(self):
        """A port that nobody listens on. Ports above 32767 are left to the
        kernel, which gives them to connections."""
        while True:
            port = random.randint(15000, 32000)
            if port in self.taken:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind((HOST, port))
                except OSError:
                    continue
            self.taken.add(port)
            return port

    def start(self, name, port, command, health, environment=None):
        """Starts one and returns (its process, where it tells that it is ready)."""
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env={**clean_environment(), **CREDENTIALS, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
            start_new_session=True,
        )
        log.close()
        self.running.append((name, process))
        return name, process, f"http://{HOST}:{port}{health}"

    def ministack(self, name, enforce):
        port = self.port()
        url = f"http://{HOST}:{port}"
        state = self.folder / name
        temporary = state / "tmp"
        temporary.mkdir(parents=True)
        environment = {
            "TMPDIR": str(temporary),  # of the functions too, whose /tmp is this machine's
            "PATH": f"{TOOLS}:{os.environ.get('PATH', '')}",  # Glue jobs find this python3
            "GATEWAY_PORT": str(port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "AWS_ENDPOINT_URL": url,  # of the functions and jobs that it runs
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # Waits and pauses of retries take a twentieth. None at all would let
            # a loop that looks after a crawler run out of turns before it ends.
            "SFN_WAIT_SCALE": "0.05",
            "STATE_DIR": str(state / "state"),
            "S3_DATA_DIR": str(state / "s3"),
        }
        if enforce:
            environment["AUTH"] = "true"
        command = [sys.executable, SHIM]
        return url, self.start(name, port, command, "/_ministack/health", environment)

    def moto(self):
        port = self.port()
        command = [TOOLS / "moto_server", "-H", HOST, "-p", port]
        return f"http://{HOST}:{port}", self.start("moto", port, command, "/moto-api/data.json")

    def seaweedfs(self):
        s3 = self.port()
        data = self.folder / "seaweedfs"
        data.mkdir()
        command = [TOOLS / "weed", "mini", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}"]
        command += [f"-s3.port={s3}", f"-s3.port.grpc={self.port()}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        for part in ("master", "volume", "filer", "admin"):
            command += [f"-{part}.port={self.port()}", f"-{part}.port.grpc={self.port()}"]
        command += ["-webdav=false", "-admin.ui=false"]
        return f"http://{HOST}:{s3}", self.start("seaweedfs", s3, command, "/healthz")

    def stop(self):
        """Ends all, the last one first, and with each what it had started."""
        for _, process in reversed(self.running):
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + ENDED_WITHIN
        for _, process in reversed(self.running):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            signal_group(process, signal.SIGKILL)
            process.wait()


def signal_group(process, what):
    try:
        os.killpg(process.pid, what)
    except ProcessLookupError:
        pass


def end_with_parent():
    """Asks the kernel to end this process when its parent has died."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def clean_environment():
    """The environment without what would send an emulator or a command to AWS."""
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def await_ready(name, process, health):
    """Returns when the emulator answers; raises when it has ended or is late."""
    # No proxy of the environment: these addresses are this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with status {process.returncode}")
        try:
            with opener.open(health, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{name} was not ready within {READY_WITHIN} s ({health})")


def start_all(emulators, only):
    """Starts those that are asked for and returns the command's environment."""
    found, waiting = {}, []

    def add(variable, started):
        found[variable], handle = started
        waiting.append(handle)

    if not only or "ministack" in only:
        add("MINISTACK_URL", emulators.ministack("ministack", enforce=False))
    if not only or "auth" in only:
        add("MINISTACK_AUTH_URL", emulators.ministack("ministack-auth", enforce=True))
    if not only or "moto" in only:
        add("MOTO_URL", emulators.moto())
    if not only or "seaweedfs" in only:
        add("SEAWEEDFS_URL", emulators.seaweedfs())
    for handle in waiting:
        await_ready(*handle)
    return found


def show_logs(folder):
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-30:]
        print(f"--- the end of {log.name}", *lines, sep="\n", file=sys.stderr)


def interrupted(number, _frame):
    raise SystemExit(128 + number)


def run(options, folder):
    emulators = Emulators(folder)
    try:
        found = start_all(emulators, options.only)
        for variable, value in found.items():
            print(f"{variable}={value}", file=sys.stderr)
        environment = {**clean_environment(), **CREDENTIALS, **found, "AWS_TOOLS": str(TOOLS), "NO_PROXY": HOST, "no_proxy": HOST}
        return subprocess.run(options.command, env=environment, check=False).returncode
    except RuntimeError as failure:
        show_logs(folder)
        print(f"aws_emulators: {failure}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # nothing may keep the emulators from being ended
        emulators.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=pathlib.Path, help="keep the emulators' logs in this folder")
    parser.add_argument(
        "--only",
        default="",
        help="start only these of ministack, auth, moto, seaweedfs",
    )
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.only = {name for name in options.only.split(",") if name}
    if options.command[:1] == ["--"]:
        options.command = options.command[1:]
    if not options.command:
        parser.error("no command")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aws-emulators-"))
    try:
        return run(options, folder)
    finally:
        if options.logs:
            options.logs.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, options.logs)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
