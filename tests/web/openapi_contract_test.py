#!/usr/bin/env python3
"""schemathesis against /openapi.json of the fake server: what the document promises is what the routes do.

Usage: openapi_contract_test.py FAKE_SERVER_PROGRAM. HEARTH_SCHEMATHESIS names the `st` program; without it the test is
skipped (77), for schemathesis wants a newer pytest than the other tests. HEARTH_SCHEMATHESIS_EXAMPLES: cases a route.
"""
import os
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("HEARTH_SCHEMATHESIS")
# Ends with its client only: schemathesis would wait for the end.
ENDLESS = "/v1/events"
# TRACE never reaches a route. OPTIONS on a fixed path is also told the methods of the pattern that fits it. A 404 for a
# file that a store is asked to take is not about the store. The document leaves out limits that depend on a path or a
# model, so that what it allows may be refused and what it forbids be harmless.
LEFT_OUT = ("unsupported_method,allow_header_conformance,ensure_resource_availability,positive_data_acceptance,"
            "negative_data_rejection")


def main():
    if not PROGRAM:
        print("HEARTH_SCHEMATHESIS is not set")
        return 77
    with tempfile.TemporaryDirectory() as inbox, tempfile.TemporaryDirectory() as state:
        server = subprocess.Popen([sys.argv[1], "--inbox", inbox, "--state", state], stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            done = subprocess.run(
                [PROGRAM, "run", url + "/openapi.json", "--url", url, "--exclude-path", ENDLESS, "--exclude-checks",
                 LEFT_OUT, "--max-examples", os.environ.get("HEARTH_SCHEMATHESIS_EXAMPLES", "20"), "--seed", "1",
                 "--continue-on-failure", "--request-timeout", "20"], cwd=state)
            assert server.poll() is None, "the server has died"
            return done.returncode
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
