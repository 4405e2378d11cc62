#!/usr/bin/env bash
# The gateway against providers and clients that we did not write, and driven by a real browser. Installs its packages
# beside itself; needs Node 20 or newer and Chromium (CHROMIUM names it, /usr/bin/chromium by default). The Python SDKs are
# left out where there is no pip.
set -euo pipefail
cd "$(dirname "$0")"
browser=${CHROMIUM:-/usr/bin/chromium}
[ -x "$browser" ] || { echo "e2e: no Chromium at $browser; install it (Debian: apt-get install chromium) or set CHROMIUM" >&2; exit 1; }
command -v node >/dev/null || { echo "e2e: Node 20 or newer is missing" >&2; exit 1; }
[ -d node_modules/oidc-provider ] && [ -x node_modules/node/bin/node ] || npm ci --no-audit --no-fund
[ -d clients/node_modules/openai ] || (cd clients && npm ci --no-audit --no-fund)
if [ ! -d clients/python/openai ] && command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip install -q --target clients/python -r clients/requirements.txt || rm -rf clients/python
fi
(cd .. && cargo build -q -p gateway)
exec node --test --test-concurrency=1 --test-reporter=spec ./*.test.mjs ./clients/*.test.mjs
