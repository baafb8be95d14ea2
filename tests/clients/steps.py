"""What the clients in Python share: where slotway is, and steps that are told of one by one."""

import os
import subprocess
import sys
import traceback

HOST = os.environ["CLIENT_TEST_HOST"]
PORT = int(os.environ["CLIENT_TEST_PORT"])
PASSWORD = os.environ["CLIENT_TEST_PASSWORD"]
URL = f"redis://:{PASSWORD}@{HOST}:{PORT}/0"
JOBS = int(os.environ["CLIENT_TEST_JOBS"])


class Without(Exception):
    """This client cannot do that, whoever it talks to."""


def say(*words):
    print(*words, flush=True)


def version(text):
    say("version", text)


def step(name):
    """Runs the function at once, and tells how that went."""

    def run(function):
        try:
            function()
            say("ok", name)
        except Without as reason:
            say("without", f"{name}: {reason}")
        except Exception as error:
            traceback.print_exc()
            where = traceback.extract_tb(sys.exc_info()[2])
            line = [frame for frame in where if "tests/clients" in frame.filename][-1]
            say("failed", f"{name}: line {line.lineno}: {type(error).__name__}: {str(error)[:300]!r}")
        return function

    return run


def equal(left, right):
    if left != right:
        raise AssertionError(f"{left!r:.200} is not {right!r:.200}")


def restart_slotway():
    subprocess.run([os.environ["CLIENT_TEST_RESTART"]], check=True)
