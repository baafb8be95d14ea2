#!/usr/bin/env python3
"""tests/scenario/page_look.py URL [--width N] [--height N] [--dark] [--before SCRIPT] [--until EXPRESSION]...
                               [--picture FILE]

Opens the admin page in a Chromium without a window, waits until each expression of JavaScript is
true, and prints everything that the browser complained about. Fails when there is anything, or when
an expression does not become true.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 40


class Browser:
    """Chromium, spoken to over two pipes: messages of JSON with a zero byte behind each."""

    def __init__(self, folder):
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        # The browser reads from descriptor 3 and writes to 4.
        command = (
            f"exec 3<&{theirs_read} 4>&{theirs_write}; exec {program} --headless=new --no-sandbox "
            "--disable-gpu --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe "
            f"--no-first-run --user-data-dir={folder} about:blank"
        )
        self.process = subprocess.Popen(
            ["bash", "-c", command],
            pass_fds=(theirs_read, theirs_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_read)
        os.close(theirs_write)
        self.reader = os.fdopen(ours_read, "rb")
        self.writer = ours_write
        self.number = 0
        self.session = None
        self.complaints = []
        self.pending = b""

    def read(self):
        while b"\0" not in self.pending:
            some = os.read(self.reader.fileno(), 1 << 20)
            if not some:
                raise SystemExit("the browser has ended")
            self.pending += some
        text, _, self.pending = self.pending.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.note(answer)

    def note(self, event):
        method, said = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            entry = said["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def becomes(self, expression):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.evaluate(f"Boolean({expression})"):
                return True
            time.sleep(0.1)
        return False

    def close(self):
        self.process.kill()
        self.process.wait()


def parse():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("url")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--before", help="JavaScript that runs before any of the page's")
    parser.add_argument("--until", action="append", default=[])
    parser.add_argument("--picture")
    return parser.parse_args()


def look(browser, asked):
    """What is wrong: a list of lines."""
    browser.attach()
    scheme = {"name": "prefers-color-scheme", "value": "dark" if asked.dark else "light"}
    browser.call("Emulation.setEmulatedMedia", features=[scheme])
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=asked.width, height=asked.height, deviceScaleFactor=1, mobile=False,
    )
    if asked.before is not None:
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=asked.before)
    browser.call("Page.navigate", url=asked.url)
    wrong = [f"never true: {expression}" for expression in asked.until if not browser.becomes(expression)]
    if wrong:
        wrong.append("the page says: " + str(browser.evaluate("document.body.innerText")))
    if asked.picture is not None:
        picture = browser.call("Page.captureScreenshot", format="png")["data"]
        with open(asked.picture, "wb") as file:
            file.write(base64.b64decode(picture))
    return wrong + browser.complaints


def main():
    asked = parse()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            wrong = look(browser, asked)
        finally:
            browser.close()
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
