#!/usr/bin/env bash
# The browser tests drive Debian's chromium. Install it where that is possible and say so where
# it is not: pytest then names the tests that it skipped.
set -u
have() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }
have && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null
fi
have && exit 0
echo "no chromium and chromedriver here, and no right to install them: browser tests will be skipped" >&2
[ "${WHIRLWIND_REQUIRE_BROWSER:-}" != 1 ]
