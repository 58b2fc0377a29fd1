#!/usr/bin/env bash
# Runs the tests on every supported Python that this machine has, each with the kernels compiled
# and with nothing compiled. Each combination has a virtual environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints the path of one Python, from the PATH or from pyenv; nothing if it is not here.
interpreter() {
    if command -v "python$1" >/dev/null && "python$1" -c '' 2>/dev/null; then
        "python$1" -c 'import sys; print(sys.executable)'
    elif command -v pyenv >/dev/null; then
        ls "$(pyenv root)/versions/$1".*/bin/python 2>/dev/null | sort -V | tail -n 1
    fi
}

failed=""
for version in 3.11 3.12 3.13; do
    python=$(interpreter "$version" || true)
    if [ -z "$python" ]; then
        echo "Python $version is not on this machine: skipped" >&2
        continue
    fi
    for form in compiled interpreted; do
        venv=".venv-$version-$form"
        # The kernels of one form and version must not be found by another: a copy of the sources.
        work="build/test-all/$version-$form"
        rm -rf "$work" && mkdir -p "$work"
        git ls-files -z | xargs -0 cp --parents -t "$work"
        [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
        case $form in
            compiled) export WHIRLWIND_BUILD=require WHIRLWIND_REQUIRE_COMPILED=1 ;;
            interpreted) export WHIRLWIND_BUILD=skip WHIRLWIND_REQUIRE_COMPILED= ;;
        esac
        echo "== Python $version, kernels $form"
        "$venv/bin/pip" install --quiet --upgrade pip
        (cd "$work" && "../../../$venv/bin/pip" install --quiet --editable '.[dev]')
        (cd "$work" && "../../../$venv/bin/python" -m pytest -q) || failed="$failed $version-$form"
    done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
