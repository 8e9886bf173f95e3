# Shared by the shell tests: TAP lines, a scratch folder, the demo's inputs and its loopback site.
# Source it; it sets $scratch, removed at exit. $galen is the program under test.
set -u
galen=$(realpath "$top_builddir/galen")
source_root=$(realpath "$top_srcdir")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/galen-test.XXXXXX")
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$scratch"
}
trap finish EXIT
number=0
ok() { number=$((number + 1)); echo "ok $number - $1"; }
not_ok() { number=$((number + 1)); echo "not ok $number - $1"; }
skip() { number=$((number + 1)); echo "ok $number # SKIP $1"; }
note() { sed 's/^/# /'; }
# check NAME COMMAND...: ok when the command succeeds.
check() {
  name=$1
  shift
  if "$@"; then ok "$name"; else not_ok "$name"; fi
}
skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# Makes the demo's inputs in $scratch/demo and serves its site; $scratch/demo/demo.yaml is the recipe.
start_demo() {
  for program in python3 spm_train zstd; do
    command -v "$program" >/dev/null || skip_all "$program is not installed; ./bootstrap check installs it"
  done
  mkdir -p "$scratch/demo"
  "$source_root/manifests/demo/serve" "$scratch/demo/site" "$scratch/port" >"$scratch/serve.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do [ -s "$scratch/port" ] && break; sleep 0.1; done
  [ -s "$scratch/port" ] || { echo "Bail out! the demo's server did not start"; note <"$scratch/serve.log"; exit 99; }
  "$source_root/manifests/demo/prepare" "$scratch/demo" "$(cat "$scratch/port")" >"$scratch/prepare.log" 2>&1 ||
    { echo "Bail out! manifests/demo/prepare failed"; note <"$scratch/prepare.log"; exit 99; }
}
