"""A certificate for 127.0.0.1 and its key, made for one run and gone with it."""

import os
import subprocess

from .processes import Failure, program


class Certificate:
    """Its own authority. `path` is the certificate, `key` its key, `both` a file with the two."""

    def __init__(self, folder):
        self.path, self.key, self.both = (os.path.join(folder, f"bench.{ending}")
                                          for ending in ("crt", "key", "pem"))
        done = subprocess.run(
            [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=slotway bench",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key, "-out", self.path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"no certificate can be made: {done.stderr.strip()}")
        with open(self.both, "w", opener=private) as both:
            for part in (self.path, self.key):
                with open(part) as file:
                    both.write(file.read())


def private(path, flags):
    return os.open(path, flags, mode=0o600)
