#!/usr/bin/env python3
"""What `cmake --install` puts in place: every file, programs that find each other, a unit that systemd accepts.

Usage: install_test.py BUILD_DIRECTORY. Exits 77 (skipped) when systemd-analyze is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1])
PREFIX = re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M).group(1)
MOST_EXPOSED = 2.0  # systemd's scale: 0 is locked up, 10 is open

if not shutil.which("systemd-analyze"):
    print("systemd-analyze is not installed")
    sys.exit(77)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.destination = pathlib.Path(cls.folder.name)
        result = run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": cls.folder.name})
        if result.returncode != 0:
            raise AssertionError(result.stdout + result.stderr)
        cls.root = cls.destination / PREFIX.lstrip("/")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def unit(self):
        """The unit with its program where this test has put it."""
        text = (self.root / "lib/systemd/system/hearthd.service").read_text()
        self.assertIn(f"ExecStart={PREFIX}/sbin/hearthd ", text)
        path = self.destination / "hearthd.service"
        path.write_text(text.replace(f"ExecStart={PREFIX}", f"ExecStart={self.root}"))
        return path

    def test_everything_is_there(self):
        ui = pathlib.Path(__file__).resolve().parents[2] / "web" / "ui"
        names = ["sbin/hearthd", "bin/hearth", "libexec/hearth/hearth-extract", "share/hearth/hearth.toml.example",
                 "lib/sysusers.d/hearth.conf", "lib/tmpfiles.d/hearth.conf"]
        names += [f"share/hearth/ui/{file.name}" for file in ui.iterdir()]
        self.assertEqual([name for name in names if not (self.root / name).is_file()], [])

    def test_the_example_becomes_the_configuration(self):
        rules = (self.root / "lib/tmpfiles.d/hearth.conf").read_text()
        self.assertRegex(rules, rf"(?m)^C /etc/hearth/hearth.toml .* {PREFIX}/share/hearth/hearth.toml.example$")
        example = self.root / "share/hearth/hearth.toml.example"
        self.assertEqual(run(self.root / "sbin/hearthd", "--config", example, "--check-config").returncode, 0)

    def test_programs_find_the_page_and_the_extractor(self):
        home = self.destination / "home"
        home.mkdir()
        doctor = run(self.root / "bin/hearth", "--home", home, "--url", "http://127.0.0.1:1", "doctor")
        self.assertRegex(doctor.stdout, r"ok +extractor: \S+/libexec/hearth/hearth-extract")
        # Without models the start fails after the page was looked for: had that failed, the message would say so.
        started = run(self.root / "sbin/hearthd", "--home", home, "--port", "0")
        self.assertEqual(started.returncode, 69)
        self.assertIn("scripts/models", started.stderr)

    def test_systemd_accepts_the_unit(self):
        result = run("systemd-analyze", "verify", self.unit())
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_the_unit_is_locked_up(self):
        result = run("systemd-analyze", "security", "--offline=true", "--no-pager", self.unit())
        level = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout).group(1))
        print(f"exposure {level}")
        self.assertLessEqual(level, MOST_EXPOSED)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
