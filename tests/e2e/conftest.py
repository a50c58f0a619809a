import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import hearthd as support  # noqa: E402


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """A daemon that has read docs/samples. Tests must leave its documents as they are."""
    if reason := support.missing_models():
        pytest.skip(reason)
    daemon = support.Hearthd(tmp_path_factory.mktemp("samples"))
    source = support.ROOT / "docs" / "samples"
    for file in sorted(source.rglob("*")):
        if file.is_file():
            daemon.drop(file, str(file.relative_to(source)))
    with daemon:
        daemon.wait_idle()
        yield daemon


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    """A daemon that has read the documents of tests/golden/answer_questions.json."""
    if reason := support.missing_models():
        pytest.skip(reason)
    daemon = support.Hearthd(tmp_path_factory.mktemp("others"))
    questions = json.loads((support.ROOT / "tests" / "golden" / "answer_questions.json").read_text())
    for document in questions["documents"]:
        target = daemon.inbox / document["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document["text"])
    with daemon:
        daemon.wait_idle()
        yield daemon


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A daemon with the small chat model that has read one document. Tests must leave it as it is."""
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    daemon = support.Hearthd(tmp_path_factory.mktemp("small"), chat=support.SMALL)
    (daemon.inbox / "kiln.md").write_text("# Kiln\n\nThe kiln may be heated by at most 120 degrees per hour.\n")
    with daemon:
        daemon.wait_idle()
        yield daemon


@pytest.fixture
def daemon(tmp_path):
    """A daemon with an empty folder and the small chat model."""
    if reason := support.missing_models(support.SMALL):
        pytest.skip(reason)
    with support.Hearthd(tmp_path, chat=support.SMALL) as running:
        yield running
