"""Start, stop, reload, restart and refusal: what an operator does."""
import signal
import socket
import subprocess
import time

import pytest

import hearthd as support
from hearthd import wait_for


def test_restart_serves_the_same_index(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    daemon = support.Hearthd(tmp_path, chat=support.SMALL)
    (daemon.inbox / "a.md").write_text("# Bees\n\nThe hive stands behind the orangery.\n")
    with daemon:
        daemon.wait_state("a.md", "indexed")
        before = daemon.search("where is the hive")
        assert daemon.stop() == 0
    started = time.monotonic()
    with daemon:
        print(f"second start to READY: {time.monotonic() - started:.2f} s")
        assert daemon.search("where is the hive") == before
        daemon.kill()
    with daemon:
        assert daemon.search("where is the hive") == before


def test_readyz_and_signals(daemon):
    assert daemon.status_of("/readyz")[0] == 200
    assert daemon.status_of("/healthz")[0] == 200
    assert b"hearth_" in daemon.status_of("/metrics")[1]
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("still alive", lambda: daemon.status_of("/readyz")[0] == 200)
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(60) == 0


def run_hearthd(*arguments):
    return subprocess.run([support.BUILD / "hearthd", *arguments], capture_output=True, text=True, timeout=60)


def test_bad_config_names_the_line(tmp_path):
    config = tmp_path / "hearth.toml"
    config.write_text("[server]\nprot = 1\n")
    result = run_hearthd("--config", config, "--check-config")
    assert result.returncode == 78 and "hearth.toml:2:1" in result.stderr and "server.port" in result.stderr


def test_port_in_use_and_public_address_without_key(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run_hearthd("--home", tmp_path, "--port", str(taken.getsockname()[1]))
    assert result.returncode != 0 and "in use" in result.stderr
    config = tmp_path / "hearth.toml"
    config.write_text('[server]\naddress = "0.0.0.0"\n')
    result = run_hearthd("--config", config, "--home", tmp_path, "--port", "0")
    assert result.returncode != 0 and "key" in result.stderr


def test_missing_models_say_how_to_get_them(tmp_path):
    result = run_hearthd("--home", tmp_path, "--port", "0")
    assert result.returncode != 0 and "scripts/models" in result.stderr


def test_one_daemon_per_home(daemon):
    result = run_hearthd("--home", daemon.home, "--port", "0")
    assert result.returncode != 0 and "another hearthd" in result.stderr


def test_truncated_model_is_refused_with_a_reason(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    (tmp_path / "bad.gguf").write_bytes((support.MODELS / support.SMALL).read_bytes()[:5_000_000])
    result = subprocess.run([support.BUILD / "hearth", "bench", "--model", tmp_path / "bad.gguf"], capture_output=True,
                            text=True, timeout=60)
    assert result.returncode == 2 and "bad.gguf" in result.stderr
