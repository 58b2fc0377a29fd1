#!/usr/bin/env bash
# The tests of tests/peers talk to curl, nginx and h2load. Install them where that is possible and
# say so where it is not: pytest then names the tests that it skipped.
set -u
have() { command -v curl >/dev/null && command -v nginx >/dev/null && command -v h2load >/dev/null; }
# Debian keeps nginx in a folder that only root's PATH has.
PATH="$PATH:/usr/sbin"
have && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends curl nginx-light nghttp2-client >/dev/null
fi
have && exit 0
echo "curl, nginx or h2load is not here, and no right to install it: tests with it will be skipped" >&2
[ "${WHIRLWIND_REQUIRE_PEERS:-}" != 1 ]
