#!/usr/bin/env python3
"""kill -9 at random moments while files are written, replaced, renamed and deleted: nothing reported done is lost,
nothing half-visible, nothing deleted comes back.

The expected state lives outside the daemon: a file's token counts as reported once /v1/documents called the file
"indexed" with the size of exactly that content, and as dead once every path it ever lay under was reported with other
content or not at all. After each kill and restart every reported token must be found by search, in its own file (and
otherwise only where it lay before, if that was not yet reported as gone), and no dead one may be.

    kill_test.py --kills 200 [--seed N]
"""
import argparse
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import hearthd as support  # noqa: E402

FILES = 8
DEAD_SAMPLE = 200  # of all that ever died, looked for at every checkpoint; each is looked for after the next restart


class Folder:
    """Changes files in the inbox and remembers what the daemon has said about them."""

    def __init__(self, daemon, rng):
        self.daemon, self.rng = daemon, rng
        self.content = {}   # name -> token now in the file
        self.reported = {}  # name -> token the daemon reported as indexed, still current
        self.places = {}    # token -> names under which the daemon may still have it
        self.dead = []      # tokens whose replacement or removal was reported, in that order
        self.dead_checked = 0
        self.serial = 0

    def write(self, name):
        self.serial += 1
        token = f"token{self.serial:05d}x{self.rng.randrange(10**6):06d}"
        words = " ".join(self.rng.choice("ember flue hearth ash birch grate kiln soot spark stone".split())
                         for _ in range(self.rng.randrange(20, 400)))
        self.reported.pop(name, None)
        self.content[name] = token
        self.places[token] = {name}
        path = self.daemon.inbox / name
        if self.rng.random() < 0.5:
            path.write_text(f"# {token}\n\n{words}\n")
        else:  # the way editors save
            temporary = path.with_name("." + name + ".part")
            temporary.write_text(f"# {token}\n\n{words}\n")
            temporary.rename(path)

    def delete(self, name):
        self.reported.pop(name, None)
        del self.content[name]
        (self.daemon.inbox / name).unlink()

    def rename(self, name, target):
        self.reported.pop(name, None)
        self.content[target] = self.content.pop(name)
        self.places[self.content[target]].add(target)
        (self.daemon.inbox / name).rename(self.daemon.inbox / target)

    def change(self):
        name = f"f{self.rng.randrange(FILES)}.md"
        choice = self.rng.random()
        if name not in self.content or choice < 0.6:
            self.write(name)
        elif choice < 0.8:
            self.delete(name)
        else:
            target = f"f{self.rng.randrange(FILES)}.md"
            if target not in self.content:
                self.rename(name, target)

    def observe(self):
        """Takes over what the daemon reports now. A file counts when its indexed size is that of its content."""
        documents = self.daemon.documents()
        for name, token in self.content.items():
            document = documents.get(name)
            path = self.daemon.inbox / name
            if document and document["state"] == "indexed" and document["title"] == token and \
                    document["size_bytes"] == path.stat().st_size:
                self.reported[name] = token
        current = {token: name for name, token in self.content.items()}
        for token, names in list(self.places.items()):
            names -= {name for name in names if name != current.get(token) and
                      (name not in documents or name in self.reported)}
            if not names:
                del self.places[token]
                self.dead.append(token)

    def found(self, token):
        return {h["document"]["path"] for h in self.daemon.search(token, k=5) if token in h["text"]}

    def check(self):
        for name, token in self.reported.items():
            paths = self.found(token)
            assert name in paths, f"LOST: {name} was reported indexed with {token}, which is found in {paths}"
            assert paths <= self.places[token], f"{token} is shown in {paths}, not only in {self.places[token]}"
        self.check_dead(self.dead[self.dead_checked:])
        self.dead_checked = len(self.dead)

    def check_dead(self, tokens):
        for token in tokens:
            assert not self.found(token), f"RISEN: {token} was reported gone and is found in {self.found(token)}"

    def check_that_checks_can_fail(self):
        """A token that is there must count as risen, one that is not as lost."""
        for check in (lambda: self.check_dead([next(iter(self.reported.values()))]),
                      lambda: Folder.check(Told(self, {"f0.md": "token99999x000000"}))):
            try:
                check()
            except AssertionError:
                continue
            raise SystemExit("the kill test's own checks do not fail when they must")

    def check_settled(self):
        """After everything was read again: exactly the folder's content, no ghosts."""
        documents = self.daemon.documents()
        assert set(documents) == set(self.content), (sorted(documents), sorted(self.content))
        for name, token in self.content.items():
            assert documents[name]["title"] == token, (name, documents[name])
        alive = set(self.content.values())
        for hit in self.daemon.search("ember flue hearth ash", k=200):
            title = self.daemon.get(f"/v1/documents/{hit['document']['id']}")["title"]
            assert title in alive, f"GHOST: {title}"


class Told(Folder):
    """A folder that was told something else."""

    def __init__(self, folder, reported):
        super().__init__(folder.daemon, folder.rng)
        self.reported = reported


def one_round(daemon, folder, rng):
    """Changes files until a random moment, then kills. Only what was observed before the kill counts."""
    kill_after = rng.uniform(0.0, 1.2)
    timer = threading.Timer(kill_after, daemon.process.kill)
    timer.start()
    try:
        while daemon.process.poll() is None:
            folder.change()
            for _ in range(rng.randrange(1, 10)):
                folder.observe()
                if len(folder.reported) == len(folder.content) or daemon.process.poll() is not None:
                    break
                time.sleep(0.01)  # pacing of the writer, not waiting for an effect
    except OSError:
        pass  # the daemon is gone
    timer.join()
    daemon.process.wait()
    daemon.process.stdout.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    if reason := support.missing_models(support.SMALL):
        print("skipped:", reason)
        return 77
    print("seed", arguments.seed, flush=True)
    rng = random.Random(arguments.seed)
    reported = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hearth-kill-") as home:
        daemon = support.Hearthd(home, chat=support.SMALL, config="[ingest]\nsettle_ms = 50\nrescan_seconds = 1\n")
        folder = Folder(daemon, rng)
        for kill in range(1, arguments.kills + 1):
            daemon.start()
            folder.check()
            reported += len(folder.reported)
            one_round(daemon, folder, rng)
            if kill % 20 == 0 or kill == arguments.kills:
                daemon.start()
                daemon.wait_idle()
                support.wait_for("the folder is mirrored", lambda: {
                    n: d["title"] for n, d in daemon.documents().items()} == folder.content, 60)
                folder.check_settled()
                folder.observe()
                folder.check_dead(rng.sample(folder.dead, min(len(folder.dead), DEAD_SAMPLE)))
                if folder.reported:
                    folder.check_that_checks_can_fail()
                assert daemon.stop() == 0
                print(f"{kill} kills in {time.monotonic() - begun:.0f} s: {reported} reported files found again, "
                      f"{len(folder.dead)} replaced or removed contents stayed away", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
