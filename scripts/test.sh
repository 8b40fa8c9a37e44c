#!/usr/bin/env bash
# The one test command: sets up a fresh machine, then runs every check and every test.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -d node_modules ]] || npm install --no-save

# Tests with real containers and packets need these; without them they are skipped and say why.
packages=(containerd runc containernetworking-plugins nftables iptables iproute2 conntrack busybox-static etcd-server
  util-linux mount procps iputils-ping dnsutils python3-kubernetes)
if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  # While another process has locked what apt needs it is waited for; the lists of packages have a lock of their own.
  apt() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq "$@"; }
  update() {
    local said
    for _ in {1..120}; do
      said=$(apt update 2>&1) && return
      [[ $said == *'Could not get lock'* ]] || break
      sleep 5
    done
    echo "$said" >&2
    return 1
  }
  if ((${#missing[@]})); then
    (update && apt install -y --no-install-recommends "${missing[@]}") ||
      echo "test.sh: cannot install ${missing[*]}" >&2
  fi
fi

npm run ok
npm run build
npx vitest run --project system
npx vitest run --project clusters
