#!/usr/bin/env bash
# Runs the tests of the kernels with AddressSanitizer and UndefinedBehaviorSanitizer: what reads or
# writes past the end of its memory, or computes what C leaves undefined, ends the run. The kernels
# are built in a copy of the sources, so that nobody's own build is touched. Every allocation is
# malloc's, or the sanitizers would not see where Python's objects end. No leaks are looked for:
# an interpreter that ends leaves most of its memory to the system.
#
# usage: tools/sanitize.sh [PYTHON] [ARGUMENTS OF PYTEST…]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath --no-symlinks "${1:-.venv/bin/python}")
[ $# -eq 0 ] || shift

compiler=${CC:-gcc}
preload=""
for library in libasan.so libubsan.so; do
    found=$("$compiler" -print-file-name="$library")
    [ -e "$found" ] || { echo "$compiler has no $library" >&2; exit 1; }
    preload="$preload $found"
done

work=build/sanitize
rm -rf "$work" && mkdir -p "$work"
git ls-files -z | xargs -0 cp --parents -t "$work"
cd "$work"

flags="-fsanitize=address,undefined -fno-sanitize-recover=all"
CC=$compiler WHIRLWIND_BUILD=require WHIRLWIND_LDFLAGS="$flags" \
    WHIRLWIND_CFLAGS="$flags -fno-omit-frame-pointer -g -O1" \
    "$python" setup.py --quiet build_ext --inplace

for kernel in $(find src -name '*_cy.py'); do
    grep -q __asan_ "${kernel%.py}".*.so && grep -q __ubsan_ "${kernel%.py}".*.so ||
        { echo "$kernel was built without sanitizers" >&2; exit 1; }
done

# Frames of code with checks are several times as large, and some tests go as deep as a stack of
# 8 MiB takes.
most=$(ulimit -H -s)
[ "$most" = unlimited ] || [ "$most" -ge 65536 ] || echo "the stack may have $most KiB only" >&2
ulimit -s 65536 || ulimit -s "$most"

tests=(
    tests/engine
    tests/net/test_base_stream.py
    tests/net/test_iostream.py
    tests/net/test_read_buffer_cy.py
    tests/net/test_stream_reads.py
    tests/net/test_whole_cy.py
    tests/proto/websocket
    tests/fuzz/test_streams.py
    tests/fuzz/test_websocket.py
    tests/fuzz/test_compressed.py
    tests/http/websocket
    tests/web/test_websocket.py
    tests/faults/test_websocket_client.py
    tests/house/test_kernels.py
)
LD_PRELOAD=${preload# } PYTHONMALLOC=malloc PYTHONPATH=src WHIRLWIND_REQUIRE_COMPILED=1 \
    ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    "$python" -m pytest -q -p no:cacheprovider "${@:-${tests[@]}}"
