# Shared by the scripts here; source it from the project's root.

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

STEP="" BEGUN=0
step() {  # step NAME: say what begins, and how long the step before took
  [ -z "$STEP" ] || printf '== %s took %d s\n' "$STEP" $((SECONDS - BEGUN)) >&2
  STEP=$1 BEGUN=$SECONDS
  printf '== %s\n' "$STEP" >&2
}

need_packages() {  # need_packages NAME...: install what is missing, start none of it
  local name missing=() policy=/usr/sbin/policy-rc.d ours="" status=0
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # A policy that answers 101 keeps packages from starting their own services.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
    ours=yes
  fi
  as_root apt-get update -q >&2 && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 || status=$?
  [ -z "$ours" ] || as_root rm -f "$policy"
  return "$status"
}

# need_venv FOLDER WHAT...: a virtual environment with WHAT installed, made anew when its Python is gone
need_venv() {
  local folder=$1 stamp
  shift
  stamp=$(printf '%s\n' "$@" | cat - pyproject.toml | sha256sum)
  if ! "$folder/bin/python" -c '' 2>/dev/null; then
    rm -rf "$folder"
    python3 -c 'import sys; sys.exit("Python 3.11 or newer is needed.") if sys.version_info < (3, 11) else None'
    python3 -m venv "$folder"
  fi
  [ "$(cat "$folder/.landbridge" 2>/dev/null)" != "$stamp" ] || return 0
  "$folder/bin/python" -m pip install -q --disable-pip-version-check "$@" >&2
  printf '%s' "$stamp" >"$folder/.landbridge"
}

need_synapse() {  # Synapse has an environment of its own: its versions are not ours
  export SYNAPSE_VENV=${SYNAPSE_VENV:-$PWD/.venv-synapse}
  "$SYNAPSE_VENV/bin/python" -c 'import synapse' 2>/dev/null ||
    need_venv "$SYNAPSE_VENV" 'matrix-synapse>=1.140,<2'
}

need_web_chat() {  # Converse.js as npm has it, built, in .cache/converse.js; fails when it cannot be had
  local name=converse.js version=14.0.0 folder=.cache/converse.js
  [ ! -e "$folder/$version" ] || return 0
  command -v npm >/dev/null || need_packages npm || return 1
  rm -rf "$folder"
  mkdir -p "$folder"
  (cd "$folder" && npm pack --silent --fetch-retries=1 "$name@$version" >/dev/null &&
    tar xzf ./*.tgz --strip-components=1 package/dist && rm ./*.tgz && touch "$version")
}
