#!/bin/sh
# Runs the Autobahn test suite against whirlwind's WebSocket server and client, and counts.
#
#   tools/autobahn.sh [CASES]            CASES is a list for JSON, '"*"' by default
#   AUTOBAHN=/folder PYTHON2=python2.7   where "pip install --target /folder autobahntestsuite" put it
#
# The suite needs Python 2.7 and its package `autobahntestsuite`; both stay outside of ours.
set -eu
cd "$(dirname "$0")/.."
: "${AUTOBAHN:?set it to the folder that autobahntestsuite was installed to}"
: "${PYTHON2:=python2.7}"
: "${PYTHON:=python}"
cases=${1:-'"*"'}
work=$(mktemp -d)
trap 'kill $server $fuzzer 2>/dev/null || true; rm -rf "$work"' EXIT
server= fuzzer=
# Not by PYTHONPATH: namespace packages in the folder need its .pth files to be read.
run='import os, site; site.addsitedir(os.environ["AUTOBAHN"]); from autobahntestsuite import wstest; wstest.run()'
export AUTOBAHN

PYTHONPATH=src "$PYTHON" tools/autobahn_peer.py server 9002 & server=$!
cat > "$work/client.json" <<JSON
{"outdir": "$work/servers", "servers": [{"agent": "whirlwind", "url": "ws://127.0.0.1:9002"}],
 "cases": [$cases], "exclude-cases": [], "exclude-agent-cases": {}}
JSON
sleep 1
(cd "$work" && "$PYTHON2" -c "$run" -m fuzzingclient -s client.json > client.log 2>&1) || { tail -20 "$work/client.log"; exit 1; }
"$PYTHON" tools/autobahn_peer.py count "$work/servers/index.json"

cat > "$work/server.json" <<JSON
{"outdir": "$work/clients", "url": "ws://127.0.0.1:9003", "cases": [$cases], "exclude-cases": [],
 "exclude-agent-cases": {}}
JSON
(cd "$work" && exec "$PYTHON2" -c "$run" -m fuzzingserver -s server.json > server.log 2>&1) & fuzzer=$!
sleep 4
PYTHONPATH=src "$PYTHON" tools/autobahn_peer.py client 9003
"$PYTHON" tools/autobahn_peer.py count "$work/clients/index.json"
