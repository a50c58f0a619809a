"""Start, stop, reload, restart and refusal: what an operator does."""
import http.client
import json
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


def test_bad_reload_keeps_the_old_settings(daemon):
    daemon.config.write_text("[ingest]\nexclude = 7\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("the refusal in the log", lambda: "reload_refused" in daemon.log())
    assert "hearth.toml:2:11" in daemon.log()
    (daemon.inbox / "a.md").write_text("# Bees\n\nThe hive stands behind the orangery.\n")
    daemon.wait_state("a.md", "indexed")


def begin_long_answer(daemon):
    """A streamed answer that is under way; read it through the returned connection."""
    connection = http.client.HTTPConnection(daemon.url.removeprefix("http://"), timeout=60)
    body = {"model": "hearth", "stream": True, "max_tokens": 4000, "hearth": {"retrieval": False},
            "messages": [{"role": "user", "content": "Write a long story about a lighthouse keeper, with every detail."}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    assert reply.status == 200
    return connection, reply


def test_sigterm_ends_a_long_answer_at_the_bound(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    with support.Hearthd(tmp_path, chat=support.SMALL, config="[server]\ndrain_seconds = 1\n") as daemon:
        connection, reply = begin_long_answer(daemon)
        begun = time.monotonic()
        assert daemon.stop(seconds=30) == 0
        print(f"SIGTERM to exit with an answer under way: {time.monotonic() - begun:.2f} s, 1 s of it drain")
        assert b"stopped before it was complete" in reply.read()
        connection.close()


def test_ask_fails_when_the_daemon_dies_under_the_answer(daemon):
    (daemon.inbox / "a.md").write_text("# Bees\n\nThe hive stands behind the orangery, and nobody may move it.\n")
    daemon.wait_state("a.md", "indexed")
    asking = subprocess.Popen([support.BUILD / "hearth", "--url", daemon.url, "ask", "Where does the hive stand?"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the answer begins", lambda: daemon.get("/v1/status")["generation"]["running"] == 1)
    daemon.kill()
    out, err = asking.communicate(timeout=60)
    assert asking.returncode == 2, (out, err)
    assert "hearthd" in err


def test_doctor_checks_the_record_with_and_without_the_daemon(daemon):
    (daemon.inbox / "a.md").write_text("# Bees\n\nThe hive stands behind the orangery.\n")
    daemon.wait_state("a.md", "indexed")

    def record():
        checks = json.loads(daemon.cli("doctor", "--json").stdout)["checks"]
        return next(check for check in checks if check["check"] == "record")

    assert record()["ok"] and "agree" in record()["detail"]
    daemon.stop()
    assert record()["ok"] and "agree" in record()["detail"]
    for blob in (daemon.home / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"rot")
    broken = record()
    assert not broken["ok"] and "blob" in broken["detail"] and broken["remedy"]


def test_damaged_chat_model_falls_back_and_says_so(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    bad = tmp_path / "bad.gguf"
    bad.write_bytes((support.MODELS / support.SMALL).read_bytes()[:5_000_000])
    with support.Hearthd(tmp_path, chat=str(bad)) as daemon:
        engine = daemon.get("/v1/status")["engine"]
    assert "bad.gguf" in engine["problem"] and "smol" in engine["model"].lower()


def test_an_exclusion_added_by_sighup_takes_the_document_out(daemon):
    (daemon.inbox / "kept.md").write_text("# Kept\n\nThe orchard gate.\n")
    (daemon.inbox / "draft.md").write_text("# Draft\n\nThe unfinished zeppelin.\n")
    daemon.wait_state("draft.md", "indexed")
    daemon.wait_state("kept.md", "indexed")
    before = daemon.config.read_text()
    daemon.config.write_text(before + '[ingest]\nexclude = ["draft*"]\n')
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("draft.md left", lambda: set(daemon.documents()) == {"kept.md"}, 10)
    assert not [h for h in daemon.search("zeppelin") if "zeppelin" in h["text"]]
    assert daemon.search("orchard gate")[0]["document"]["path"] == "kept.md"
    daemon.config.write_text(before)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_state("draft.md", "indexed", 10)


def make_certificate(directory):
    """A self-signed pair for 127.0.0.1."""
    pair = directory / "cert.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", pair[0],
                    "-keyout", pair[1]], check=True, capture_output=True)
    return pair


def test_the_command_line_speaks_tls_and_the_socket(tmp_path):
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    certificate, key = make_certificate(tmp_path)
    path = tmp_path / "hearth.sock"
    config = f'[server]\nsocket = "{path}"\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    with support.Hearthd(tmp_path, chat=support.SMALL, config=config) as daemon:
        (daemon.inbox / "a.md").write_text("# Bees\n\nThe hive stands behind the orangery.\n")

        def hearth(url, *arguments):
            return subprocess.run([support.BUILD / "hearth", "--url", url, *arguments], capture_output=True, text=True,
                                  timeout=120)

        assert daemon.url.startswith("https://")
        wait_for("a.md is indexed", lambda: "orangery" in hearth(f"unix:{path}", "search", "hive").stdout)
        assert "orangery" in hearth(daemon.url, "--ca-file", certificate, "search", "hive").stdout
        asked = hearth(daemon.url, "--ca-file", certificate, "ask", "Where does the hive stand?")
        assert asked.returncode == 0 and "orangery" in asked.stdout, asked
        refused = hearth(daemon.url, "search", "hive")
        assert refused.returncode == 2 and "--ca-file" in refused.stderr
    gone = hearth(f"unix:{path}", "search", "hive")
    assert gone.returncode == 2 and "no hearthd answers" in gone.stderr and not path.exists()


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
    assert result.returncode == 69 and "in use" in result.stderr
    config = tmp_path / "hearth.toml"
    config.write_text('[server]\naddress = "0.0.0.0"\n')
    result = run_hearthd("--config", config, "--home", tmp_path, "--port", "0")
    assert result.returncode == 78 and "key" in result.stderr
    config.write_text('[server]\napi_key_file = "/nowhere/key"\n')
    result = run_hearthd("--config", config, "--home", tmp_path, "--port", "0")
    assert result.returncode == 78 and "api_key_file" in result.stderr


def test_wrong_arguments_exit_64():
    assert run_hearthd("--nonsense").returncode == 64
    assert subprocess.run([support.BUILD / "hearth", "nonsense"], capture_output=True, timeout=60).returncode == 64


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
