# Shared by the scripts here; source it from the project's root.

SUDO=""
[ "$(id -u)" = 0 ] || SUDO="sudo"
STEPS=()

step() {  # step NAME: say what begins, and remember when
  STEPS+=("$1:$SECONDS")
  printf '\n== %s\n' "$1" >&2
}

timing() {  # where the time went
  local i name at next
  for i in "${!STEPS[@]}"; do
    name=${STEPS[$i]%%:*} at=${STEPS[$i]##*:}
    next=${STEPS[$((i + 1))]:-:$SECONDS}
    printf '%-10s %4d s\n' "$name" $((${next##*:} - at)) >&2
  done
}

need_packages() {  # need_packages NAME...: install what is missing, start none of it
  local name missing=() policy=/usr/sbin/policy-rc.d
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # A policy that answers 101 keeps packages from starting their own services.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $SUDO tee "$policy" >/dev/null
    $SUDO chmod +x "$policy"
  fi
  $SUDO apt-get update -q >&2
  $SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${missing[@]}" >&2
}

need_venv() {  # the project in .venv, with what its tests need
  if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    python3 -m venv .venv
  fi
  .venv/bin/pip install -q --disable-pip-version-check -e '.[test]'
}

need_synapse() {  # Synapse in a venv of its own: its pins are not ours
  export LANDBRIDGE_SYNAPSE_VENV=${LANDBRIDGE_SYNAPSE_VENV:-$PWD/.venv-synapse}
  [ -x "$LANDBRIDGE_SYNAPSE_VENV/bin/register_new_matrix_user" ] && return 0
  python3 -m venv "$LANDBRIDGE_SYNAPSE_VENV"
  "$LANDBRIDGE_SYNAPSE_VENV/bin/pip" install -q --disable-pip-version-check 'matrix-synapse>=1.140,<2'
}
