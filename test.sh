#!/usr/bin/env bash
# The one test command: format, lints, all tests, documentation tests. Installs what the real-component tests need
# when it is missing, and fails loudly rather than skipping.
set -euo pipefail
cd "$(dirname "$0")"

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
missing=()
need smtp-source postfix
need pdftotext poppler-utils
need qpdf qpdf
need swaks swaks
need strace strace
need python3 python3
need setpriv util-linux
need bwrap bubblewrap
[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing+=(fonts-noto-cjk)
# The optional renderer: some 345 MB without a desktop.
for part in writer calc impress draw; do
  dpkg -s "libreoffice-$part-nogui" >/dev/null 2>&1 || dpkg -s "libreoffice-$part" >/dev/null 2>&1 || missing+=("libreoffice-$part-nogui")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing for the tests: ${missing[*]}"
  sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends "${missing[@]}"
fi

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
# One build serves the stories, too: they run the binary that stands beside them.
cargo test --workspace --locked --no-fail-fast
