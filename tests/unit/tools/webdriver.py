# SPDX-License-Identifier: Apache-2.0
"""A browser over WebDriver (https://www.w3.org/TR/webdriver2/), as far as our tests need: headless Chromium."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 30
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--lang=en-US"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing():
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return "no " + program
    return None


class Browser:
    def __init__(self, folder, size=(1300, 900), dark=False):
        self.log = open(os.path.join(folder, "chromedriver.log"), "w+b")
        env = {k: v for k, v in os.environ.items() if k.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
        env["HOME"] = folder
        # What the browser leaves behind when it is ended in a hurry goes with the folder. A short name: sockets live there.
        env["TMPDIR"] = os.path.join(folder, "t")
        os.makedirs(env["TMPDIR"], exist_ok=True)
        # A group of its own: the browser's processes end with it, and nobody else's.
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=self.log, stderr=self.log, env=env, start_new_session=True)
        self.session = ""
        self.port = self._port()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        flags = FLAGS + ["--user-data-dir=" + os.path.join(folder, "profile"), "--window-size=%d,%d" % size, "--no-proxy-server"]
        if dark:
            flags.append("--blink-settings=preferredColorScheme=0")
        answer = self.ask("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": flags},
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/" + answer["sessionId"]

    def _port(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.log.seek(0)
            for line in self.log.read().decode("utf-8", "replace").split("\n"):
                if "started successfully on port " in line:
                    return int(line.split("on port ")[1].rstrip(". \r"))
            time.sleep(0.1)
        raise AssertionError("chromedriver does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", "")
        except (OSError, AssertionError):
            pass
        self._end(signal.SIGTERM)
        self.driver.wait()
        # They must not write into the folder while it is being removed.
        end = time.monotonic() + 5
        while self._end(0) and time.monotonic() < end:
            time.sleep(0.02)
        self._end(signal.SIGKILL)
        self.log.close()

    def _end(self, number):
        """A signal for all of the browser's processes; whether there are any."""
        try:
            os.killpg(self.driver.pid, number)
            return True
        except ProcessLookupError:
            return False

    def ask(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request("http://127.0.0.1:%d/session%s%s" % (self.port, self.session, path), data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError("%s %s: %s" % (method, path, error.read().decode("utf-8", "replace")[:2000])) from None

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *args):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(args)})

    def wait(self, what, script, good=bool):
        """Until the script's value is good; returns it."""
        end, value = time.monotonic() + PATIENCE, None
        while time.monotonic() < end:
            try:
                value = self.run(script)
                if good(value):
                    return value
            except AssertionError as error: # the page was just made anew
                value = str(error)
            time.sleep(0.1)
        raise AssertionError("%s: it is %r; the page is\n%s" % (what, value, self.run("return document.body.innerText")[:3000]))

    def find(self, selector, text=None):
        """An element as WebDriver names it, by selector and the text in it."""
        found = self.wait("no %s with %s" % (selector, text), "return [...document.querySelectorAll(%s)].find(e => %s === null || "
                          "e.innerText.trim().includes(%s)) || null" % (json.dumps(selector), json.dumps(text), json.dumps(text)))
        return found[ELEMENT]

    def click(self, selector, text=None):
        """Anew when the page was made anew between finding and clicking."""
        for again in range(5):
            try:
                return self.ask("POST", "/element/%s/click" % self.find(selector, text))
            except AssertionError as error:
                if "stale" not in str(error) or again == 4:
                    raise

    def type(self, selector, text):
        return self.ask("POST", "/element/%s/value" % self.find(selector), {"text": text})

    def keys(self, text):
        """Pressed with whatever has the focus."""
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": [
            {"type": t, "value": c} for c in text for t in ("keyDown", "keyUp")]}]})

    def complaints(self):
        """What the page's console says of errors."""
        return [e["message"] for e in self.ask("POST", "/se/log", {"type": "browser"}) if e["level"] == "SEVERE" and "favicon" not in e["message"]]

    def picture(self, name):
        """A PNG, kept where SAKER_SCREENSHOTS says; refuses an empty one."""
        data = base64.b64decode(self.ask("GET", "/screenshot"))
        if not data.startswith(b"\x89PNG") or len(data) < 8000:
            raise AssertionError("%s is no picture of anything: %d bytes" % (name, len(data)))
        if os.environ.get("SAKER_SCREENSHOTS"):
            with open(os.path.join(os.environ["SAKER_SCREENSHOTS"], name + ".png"), "wb") as f:
                f.write(data)
