"""A real hearthd for tests: its own home, a free port, the programs of the build folder."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEARTH_BUILD", ROOT / "build" / "release"))
MODELS = pathlib.Path(os.environ.get("HEARTH_MODELS", ROOT / "models"))
CHAT = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
SMALL = "smollm2-135m-instruct-q4_1.gguf"


def missing_models(chat=CHAT):
    """Why a test that needs models must be skipped; None when all is there."""
    for name in (chat, "all-MiniLM-L6-v2/model.safetensors"):
        if not (MODELS / name).exists():
            return f"{MODELS / name} is missing; scripts/models fetches it"
    return None


def wait_for(what, condition, seconds=60):
    """Polls until condition() is true; fails with `what` after `seconds`. Returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


class Hearthd:
    """start() returns when the daemon says that it is ready. Use as a context manager."""

    def __init__(self, home, chat=CHAT, config=""):
        self.home = pathlib.Path(home)
        self.inbox = self.home / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        models = self.home / "models"
        if not models.exists():
            models.symlink_to(MODELS)
        self.config = self.home / "hearth.toml"
        self.config.write_text(f'[models]\nchat = "{chat}"\n{config}')
        self.process = None
        self.url = None

    def start(self, seconds=120):
        log = open(self.home / "hearthd.log", "ab")
        self.process = subprocess.Popen(
            [BUILD / "hearthd", "--config", self.config, "--home", self.home, "--port", "0"],
            stdout=subprocess.PIPE, stderr=log)
        log.close()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            line = self.process.stdout.readline().decode()
            match = re.search(r"page and API\s+(\S+)/", line)
            if match:
                self.url = match.group(1)
                return self
            if not line and self.process.poll() is not None:
                break
        raise AssertionError("hearthd did not start:\n" + self.log()[-4000:])

    def log(self):
        return (self.home / "hearthd.log").read_text(errors="replace")

    def stop(self, seconds=60):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def get(self, path, /, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(self.url + path, timeout=60) as reply:
            return json.load(reply)

    def status_of(self, path, data=None, headers=None, method=None):
        """(status, body) without raising."""
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def documents(self):
        return {d["path"]: d for d in self.get("/v1/documents")["documents"]}

    def search(self, text, **query):
        return self.get("/v1/search", q=text, **query)["results"]

    def wait_state(self, path, state, seconds=60):
        return wait_for(f"{path} {state}",
                        lambda: (d := self.documents().get(path)) and d["state"] == state and d, seconds)

    def wait_idle(self, seconds=180):
        wait_for("idle", lambda: self.get("/v1/status")["pipeline"]["idle"], seconds)

    def drop(self, source, name=None):
        """Copies a file into the inbox under its name."""
        target = self.inbox / (name or pathlib.Path(source).name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return target

    def cli(self, *arguments, check=None):
        result = subprocess.run([BUILD / "hearth", "--url", self.url, "--home", self.home, *arguments],
                                capture_output=True, text=True, timeout=300)
        if check is not None:
            assert result.returncode == check, (result.returncode, result.stdout, result.stderr)
        return result
