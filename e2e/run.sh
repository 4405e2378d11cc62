#!/usr/bin/env bash
# The gateway against providers that we did not write, driven by a real browser. Installs its npm packages beside itself;
# needs Node 20 or newer and Chromium (CHROMIUM names it, /usr/bin/chromium by default).
set -euo pipefail
cd "$(dirname "$0")"
browser=${CHROMIUM:-/usr/bin/chromium}
[ -x "$browser" ] || { echo "e2e: no Chromium at $browser; install it (Debian: apt-get install chromium) or set CHROMIUM" >&2; exit 1; }
command -v node >/dev/null || { echo "e2e: Node 20 or newer is missing" >&2; exit 1; }
[ -d node_modules/oidc-provider ] && [ -x node_modules/node/bin/node ] || npm ci --no-audit --no-fund
(cd .. && cargo build -q -p gateway)
exec node --test --test-concurrency=1 --test-reporter=spec ./*.test.mjs
