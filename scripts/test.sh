#!/usr/bin/env bash
# The one test command: sets up a fresh machine, then runs every check and every test.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -d node_modules ]] || npm install --no-save
npm run ok
npm run build
npx vitest run --project system --passWithNoTests
