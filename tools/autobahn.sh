#!/bin/sh
# Runs the Autobahn test suite against whirlwind's WebSocket server and client, and counts.
#
#   tools/autobahn.sh light     247 cases for each side, half a minute
#   tools/autobahn.sh heavy     groups 9 (large messages), 12 and 13 (compression), up to an hour
#   tools/autobahn.sh CASES     a list for JSON, such as '"1.*", "7.9.*"'
#
# Fails if a case is not passed, or passed but not strictly. The suite needs Python 2.7, which is
# looked for on the path and in pyenv, or named in PYTHON2; it is installed once, into .cache/autobahn.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python}"
# pyenv puts a python2.7 on the path that only says where the real one is.
for candidate in "${PYTHON2:-python2.7}" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python; do
    if "$candidate" -c pass 2>/dev/null; then PYTHON2=$candidate; break; fi
    PYTHON2=
done
: "${AUTOBAHN:=$PWD/.cache/autobahn}"
[ -n "$PYTHON2" ] || { echo "no Python 2.7 here: the Autobahn test suite cannot run (set PYTHON2)" >&2; exit 1; }
case ${1:-light} in
    light) cases='"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"' ;;
    heavy) cases='"9.*", "12.*", "13.*"' ;;
    *) cases=$1 ;;
esac
if [ ! -d "$AUTOBAHN/autobahntestsuite" ]; then
    "$PYTHON2" -m pip install --quiet --disable-pip-version-check --target "$AUTOBAHN" autobahntestsuite
fi
work=$(mktemp -d)
server= fuzzer=
trap 'kill $server $fuzzer 2>/dev/null || true; rm -rf "$work"' EXIT
# Not by PYTHONPATH: namespace packages in the folder need its .pth files to be read.
run='import os, site; site.addsitedir(os.environ["AUTOBAHN"]); from autobahntestsuite import wstest; wstest.run()'
export AUTOBAHN
# Its programs begin to listen and say nothing.
await() { "$PYTHON" tools/autobahn_peer.py await "$1"; }

PYTHONPATH=src "$PYTHON" tools/autobahn_peer.py server 9002 & server=$!
cat > "$work/client.json" <<JSON
{"outdir": "$work/servers", "servers": [{"agent": "whirlwind", "url": "ws://127.0.0.1:9002"}],
 "cases": [$cases], "exclude-cases": [], "exclude-agent-cases": {}}
JSON
await 9002
(cd "$work" && "$PYTHON2" -c "$run" -m fuzzingclient -s client.json > client.log 2>&1) || { tail -20 "$work/client.log"; exit 1; }
passed=yes
echo "as server:"
"$PYTHON" tools/autobahn_peer.py count "$work/servers/index.json" || passed=no

cat > "$work/server.json" <<JSON
{"outdir": "$work/clients", "url": "ws://127.0.0.1:9003", "cases": [$cases], "exclude-cases": [],
 "exclude-agent-cases": {}}
JSON
(cd "$work" && exec "$PYTHON2" -c "$run" -m fuzzingserver -s server.json > server.log 2>&1) & fuzzer=$!
await 9003
PYTHONPATH=src "$PYTHON" tools/autobahn_peer.py client 9003
echo "as client:"
"$PYTHON" tools/autobahn_peer.py count "$work/clients/index.json" || passed=no
[ $passed = yes ]
