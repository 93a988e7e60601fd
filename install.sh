#!/usr/bin/env bash
# Sets up StyleSketch: the drawing engine in a virtual environment of its own, the extension in Inkscape's folder.
# ./install.sh --help lists what else it does.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -Eeuo pipefail
unset PYTHONPATH PYTHONHOME

USAGE="Usage: ./install.sh [install | demo [PHOTO] | test [--all] | uninstall [--purge]] [options]

  install            set up the engine and the extension (this is the default; running it again updates)
  demo [PHOTO]       set up, then let the real Inkscape sketch a photograph; the last line names the SVG and the PNG
  test [--all]       set up with the test tools, then run the test suite (--all: the slow tests too)
  uninstall          remove engine, extension and logs; --purge (or --yes) also removes your style packs and drawings.
                     Without STYLESKETCH_HOME it removes the installation that the extension belongs to

  --dev              link to this checkout instead of copying it, so that changes take effect at once
  --no-inkscape      the engine and the command 'stylesketch' only
  --no-weights       do not try to download the weights of the light guidance (5 MB); drawing does not need them
  -h, --help         show this

Everything is set up for the user who runs this; STYLESKETCH_HOME=FOLDER puts engine and data under FOLDER."

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ENGINE_PACKAGES="python3-venv"
INKSCAPE_PACKAGES="inkscape python3-lxml python3-numpy python3-cssselect python3-tinycss2 python3-gi python3-gi-cairo
  gir1.2-gtk-3.0 python3-requests"
SCREEN_PACKAGES="xvfb openbox xdotool imagemagick dbus at-spi2-core gir1.2-atspi-2.0"
CPU_INDEX="https://download.pytorch.org/whl/cpu"
INKEX="inkex==1.4.1"
OLDEST_INKSCAPE="1.2"
EXTENSION_ID="org.stylesketch.style-sketch"

# ---------------------------------------------------------------------------------------------------------- messages

LOG=/dev/null

say() {
  printf '%s\n' "$*"
  printf '%s %s\n' "$(date '+%H:%M:%S')" "$*" >>"$LOG"
}

# fail CODE SENTENCE: exit codes as the stylesketch command's: 1 bad input, 2 usage, 3 something is missing, 4 disk full
fail() {
  local code=$1
  shift
  say "install.sh: $*" >&2
  exit "$code"
}

# logged SENTENCE COMMAND...: run it with its output in the log; on failure show the end of the log and the sentence
logged() {
  local sentence=$1
  shift
  printf '+ %s\n' "$*" >>"$LOG"
  "$@" >>"$LOG" 2>&1 </dev/null && return
  tail -n 15 "$LOG" >&2
  fail 1 "$sentence The whole log is $LOG."
}

trap 'fail 1 "Something unexpected went wrong (line $LINENO of the script). The log is $LOG."' ERR

on_terminal() { [ -t 0 ] && [ -t 1 ]; }

# ------------------------------------------------------------------------------------------------------------ places

# The same folders as backend/places.py works out; needed here before there is an engine to ask.
find_places() {
  [ "$(uname -s)" = Linux ] ||
    fail 1 "This script is for Linux. On Windows and macOS run inkscape_ext/install.py with Inkscape's own Python (README, Troubleshooting)."
  if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6) || true
    [ -n "$HOME" ] || fail 1 "There is no home folder to install into: set HOME and run this again."
    export HOME
  fi
  if [ -n "${SUDO_USER:-}" ] && [ "$(id -u)" = 0 ]; then
    say "This runs with sudo, so StyleSketch is for root ($HOME). For yourself, run it without; it asks when it needs sudo."
  fi
  name_places
}

name_places() {
  if [ -n "${STYLESKETCH_HOME:-}" ]; then
    case $STYLESKETCH_HOME in
      \~/*) STYLESKETCH_HOME=$HOME/${STYLESKETCH_HOME#\~/} ;;
      /*) ;;
      *) STYLESKETCH_HOME=$PWD/$STYLESKETCH_HOME ;;
    esac
    export STYLESKETCH_HOME
    DATA=$STYLESKETCH_HOME/data
    STATE=$STYLESKETCH_HOME/state
  else
    DATA=${XDG_DATA_HOME:-$HOME/.local/share}/stylesketch
    STATE=${XDG_STATE_HOME:-$HOME/.local/state}/stylesketch
  fi
  VENV=$DATA/venv
  LINK=$HOME/.local/bin/stylesketch
  SNAP_EXTENSIONS=$HOME/snap/inkscape/common/extensions
  FLATPAK_EXTENSIONS=$HOME/.var/app/org.inkscape.Inkscape/config/inkscape/extensions
  UNIT=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/stylesketch.service
}

open_log() {
  mkdir -p "$STATE/logs" "$DATA" || fail 4 "The folders $DATA and $STATE cannot be made: check their owner and the disk."
  chmod 700 "$STATE" "$DATA"
  LOG=$STATE/logs/install.log
  [ -z "$(find "$LOG" -size +1M 2>/dev/null)" ] || rm -f "$LOG"
  printf '\n=== %s install.sh %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$COMMAND" >>"$LOG"
  exec 9>"$STATE/install.lock"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "Another install.sh is at work; waiting for it to end …"
    flock 9
  fi
}

close_lock() { exec 9>&-; }

# --------------------------------------------------------------------------------------------------- system packages

missing_packages() {
  local have package
  # shellcheck disable=SC2016
  have=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | tr '\n' ' ') || true
  have=" $have "
  for package in "$@"; do
    case $package in
      inkscape) [ -n "$(native_inkscape)" ] && continue ;;
      python3-venv) [ -n "$(find_python)" ] && continue ;;
    esac
    case $have in *" $package "*) ;; *) printf '%s ' "$package" ;; esac
  done
}

need_packages() {
  local missing
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    need_commands "$@"
    return
  fi
  missing=$(missing_packages "$@")
  missing=${missing% }
  [ -n "$missing" ] || return 0
  local line="sudo apt-get install -y $missing"
  if [ "$(id -u)" = 0 ]; then
    say "Installing system packages: $missing"
    apt_install "" "$missing"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    say "Installing system packages with sudo: $missing"
    apt_install "sudo -n" "$missing"
  elif on_terminal && command -v sudo >/dev/null && agreed "StyleSketch needs these system packages: $missing. Install them with sudo now?"; then
    apt_install "sudo" "$missing"
  else
    say "StyleSketch needs system packages that are not installed. Run this line, then ./install.sh again:"
    say "$line"
    exit 3
  fi
}

# Without apt: only say what is missing.
need_commands() {
  local package missing=""
  for package in "$@"; do
    case $package in
      inkscape) [ -n "$(native_inkscape)" ] || missing="$missing inkscape" ;;
      python3-venv) [ -n "$(find_python)" ] || missing="$missing python3-with-venv" ;;
      xvfb) command -v Xvfb >/dev/null || missing="$missing Xvfb" ;;
      dbus) command -v dbus-run-session >/dev/null || missing="$missing dbus-run-session" ;;
    esac
  done
  [ -z "$missing" ] || fail 3 "Install these with your system's package manager, then run this again:$missing."
}

# apt_install "[SUDO…]" "PACKAGES": updates the package lists first if they are old, or else when they turn out to be
apt_install() {
  local root packages sentence
  read -ra root <<<"$1 env DEBIAN_FRONTEND=noninteractive"
  read -ra packages <<<"$2"
  sentence="The system packages could not be installed: run 'sudo apt-get install $2', then this again."
  if lists_are_fresh && "${root[@]}" apt-get install -y "${packages[@]}" >>"$LOG" 2>&1 </dev/null; then
    return
  fi
  "${root[@]}" apt-get update >>"$LOG" 2>&1 </dev/null || say "Not all package lists could be updated."
  logged "$sentence" "${root[@]}" apt-get install -y "${packages[@]}"
}

lists_are_fresh() {
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -1 -print -quit 2>/dev/null)" ]
}

agreed() {
  local answer
  printf '%s [Y/n] ' "$1"
  read -r answer || return 1
  case $answer in "" | [yY]*) return 0 ;; *) return 1 ;; esac
}

# ------------------------------------------------------------------------------------------------------------- Python

PYTHON_PROBE='import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))'

# The first Python that the engine runs on and that can make virtual environments.
find_python() {
  local name
  for name in python3 /usr/bin/python3 python3.13 python3.12 python3.11 python3.10; do
    if command -v "$name" >/dev/null && (cd / && "$name" -c "$PYTHON_PROBE") >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
}

# ------------------------------------------------------------------------------------------------------------- engine

fingerprint() {
  (cd "$ROOT" && find "$@" -type f ! -path '*/__pycache__/*' ! -name '*.so' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
}

stamped() { [ "$(cat "$VENV/stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { mkdir -p "$VENV/stamps" && printf '%s\n' "$2" >"$VENV/stamps/$1"; }

pip() {
  mkdir -p "$VENV/tmp"
  TMPDIR="$VENV/tmp" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_REQUIRE_VIRTUALENV="" \
    "$VENV/bin/python" -m pip "$@"
}

# While pip works there is a marker: a killed pip can leave packages that look installed and are not whole.
pip_install() {
  local sentence=$1
  shift
  : >"$VENV/unfinished"
  logged "$sentence" pip install "$@"
  rm -rf "$VENV/unfinished" "$VENV/tmp"
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU'; }

# Prints the version of torch in the environment if the engine can use it (2.6 or newer).
good_torch() {
  "$VENV/bin/python" - <<'PY' 2>/dev/null
from importlib.metadata import version
torch = version("torch")
major, minor = (int(part) for part in torch.split(".")[:2])
print(torch if (major, minor) >= (2, 6) else "")
PY
}

cpu_index_answers() {
  timeout 8 "$VENV/bin/python" -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1] + "/torch/", timeout=5).read(1)' \
    "$CPU_INDEX" >>"$LOG" 2>&1
}

install_torch() {
  local pin have
  have=$(good_torch) || have=""
  if [ -n "$have" ]; then
    say "PyTorch $have is there already."
    return
  fi
  pin=$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' "$ROOT/backend/constraints.txt")
  if has_gpu; then
    say "Installing PyTorch $pin for the NVIDIA GPU (several gigabytes) …"
  elif cpu_index_answers; then
    say "Installing PyTorch $pin for the CPU from $CPU_INDEX …"
    : >"$VENV/unfinished"
    if pip install --extra-index-url "$CPU_INDEX" "torch==$pin+cpu" >>"$LOG" 2>&1 </dev/null; then
      rm -rf "$VENV/unfinished" "$VENV/tmp"
      return
    fi
    say "That did not work; taking the build that pip offers, which may bring GPU packages along …"
  else
    say "PyTorch's index of CPU builds does not answer; installing PyTorch $pin as pip offers it (perhaps several gigabytes) …"
  fi
  pip_install "PyTorch could not be installed: check the network and the free disk space, then run this again." \
    -c "$ROOT/backend/constraints.txt" torch
}

need_disk() {
  local free want=2500
  has_gpu && want=9000
  free=$(df -Pm "$DATA" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge "$want" ] ||
    fail 4 "The engine needs about $want MB on the disk of $DATA, and $free MB are free: make room, or set STYLESKETCH_HOME to a folder on another disk."
}

# build_venv: a usable virtual environment with pip; one that an earlier run left half-made is made anew
build_venv() {
  local python
  if [ -e "$VENV" ] && { [ -e "$VENV/unfinished" ] || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }; then
    say "An earlier run left the engine's environment half-made; making it anew."
    rm -rf "$VENV"
  fi
  [ -e "$VENV" ] && return
  need_disk
  python=$(find_python)
  [ -n "$python" ] || fail 3 "StyleSketch needs Python 3.10 to 3.14 with the module venv: install it, then run this again."
  say "Making a Python environment in $VENV …"
  mkdir -p "$VENV"
  : >"$VENV/unfinished"
  logged "The Python environment could not be made." "$python" -m venv "$VENV"
  rm -f "$VENV/unfinished"
}

# install_engine EXTRA: EXTRA is "", "demo" or "test"
install_engine() {
  local extra=$1 wanted requirements package
  build_venv
  wanted=$(fingerprint pyproject.toml backend/constraints.txt)
  requirements="stylesketch${extra:+[$extra]}"
  if ! stamped "requirements$extra" "$wanted"; then
    [ -n "$(good_torch)" ] || need_disk
    install_torch
    say "Installing what $requirements needs …"
    requirement_lines "$extra" >"$VENV/requirements.txt"
    # Whatever torch is there stays there.
    sed "s/^torch==.*/torch==$(good_torch)/" "$ROOT/backend/constraints.txt" >"$VENV/constraints.txt"
    pip_install "What the engine needs could not be installed: check the network, then run this again." \
      -c "$VENV/constraints.txt" -r "$VENV/requirements.txt"
    stamp requirements "$wanted"
    case $extra in demo | test) stamp requirementsdemo "$wanted" ;; esac
    if [ "$extra" = test ]; then
      install_inkex
      stamp requirementstest "$wanted"
    fi
  fi
  package="$MODE $(fingerprint pyproject.toml README.md LICENSE backend inkscape_ext/stylesketch_ext style_packs)"
  [ "$MODE" = copy ] || package="$MODE $ROOT $wanted"
  if ! stamped package "$package"; then
    stop_daemon
    rm -f "$VENV/stamps/package"
    if [ "$MODE" = dev ]; then
      say "Linking the engine to $ROOT …"
      logged "The engine could not be installed." pip install --no-deps --no-build-isolation --force-reinstall -e "$ROOT"
    else
      say "Installing the engine …"
      logged "The engine could not be installed." pip install --no-deps --no-build-isolation --force-reinstall "$ROOT"
    fi
    logged "The engine does not start: run ./install.sh uninstall, then ./install.sh again." engine_starts
    stamp package "$package"
  else
    say "The engine in $VENV is up to date."
  fi
  stamped native "$package" || build_native native "$package" /
}

# build_native STAMP VALUE FOLDER: compile the native rasterizer of the backend that Python finds from FOLDER. Without it a
# slower one draws, so a failure is told and no more.
build_native() {
  say "Compiling the native rasterizer …"
  mkdir -p "$VENV/tmp"
  if (cd "$3" && TMPDIR="$VENV/tmp" "$VENV/bin/python" -m backend.raster.native.build) >>"$LOG" 2>&1 </dev/null; then
    stamp "$1" "$2"
  else
    say "It could not be compiled, so a slower one draws; the reason is in $LOG. With g++ installed, run this again."
  fi
  rm -rf "$VENV/tmp"
}

engine_starts() {
  (cd / && "$VENV/bin/python" -c 'import torch, backend.recipes, backend.daemon.app' && "$VENV/bin/stylesketch" --help)
}

# The lines of pyproject.toml that pip has to satisfy, and what building our own package needs.
requirement_lines() {
  "$VENV/bin/python" - "$ROOT/pyproject.toml" "$1" <<'PY'
import sys
try:
    import tomllib
except ModuleNotFoundError:
    from pip._vendor import tomli as tomllib
with open(sys.argv[1], "rb") as file:
    entries = tomllib.load(file)
project = entries["project"]
print(*entries["build-system"]["requires"], *project["dependencies"], sep="\n")
wanted = [sys.argv[2]] if sys.argv[2] else []
for name in wanted:
    for line in project["optional-dependencies"][name]:
        own = line.startswith("stylesketch[")
        if own:
            wanted.append(line[len("stylesketch[") : -1])
        else:
            print(line)
PY
}

# inkex asks for PyGObject, which pip would have to compile; the tests need none of it.
install_inkex() {
  local system
  pip install --no-deps "$INKEX" >>"$LOG" 2>&1 </dev/null && return
  system=$(inkscape --system-data-directory 2>/dev/null | tail -n 1)/extensions
  [ -d "$system/inkex" ] || fail 1 "The test tools of Inkscape ($INKEX) could not be installed: check the network, then run this again."
  say "$INKEX is not to be had; the tests use Inkscape's own."
  printf '%s\n' "$system" >"$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/inkscape-extensions.pth"
}

link_command() {
  local program
  program=$(command_program)
  if { [ -e "$LINK" ] || [ -L "$LINK" ]; } && [ "$program" != "$VENV/bin/stylesketch" ]; then
    if [ "${program##*/}" != stylesketch ] || [ -e "$program" ]; then
      say "$LINK ${program:+starts $program, so it }belongs to something else and is left alone; this command is $VENV/bin/stylesketch."
      [ -z "${STYLESKETCH_HOME:-}" ] || say "It needs STYLESKETCH_HOME=$STYLESKETCH_HOME in its environment."
      return
    fi
    say "$LINK started $program, which is gone; it starts this installation now."
  fi
  mkdir -p "$(dirname "$LINK")"
  rm -f "$LINK"
  if [ -n "${STYLESKETCH_HOME:-}" ]; then
    wrapper_text >"$LINK"
    chmod 755 "$LINK"
    say "The command $LINK uses STYLESKETCH_HOME=$STYLESKETCH_HOME, unless that variable is set to something else."
  else
    ln -s "$VENV/bin/stylesketch" "$LINK"
  fi
  case ":$PATH:" in
    *":$(dirname "$LINK"):"*) ;;
    *) say "The command is $LINK; $(dirname "$LINK") is not in your PATH (a new login usually adds it)." ;;
  esac
}

# A command that knows its installation's folder; command_program reads its second line.
wrapper_text() {
  printf '%s\n' "#!/bin/sh" "# Starts $VENV/bin/stylesketch" \
    "[ -n \"\${STYLESKETCH_HOME:-}\" ] || STYLESKETCH_HOME=$(sh_quoted "$STYLESKETCH_HOME")" \
    "export STYLESKETCH_HOME" "exec $(sh_quoted "$VENV/bin/stylesketch") \"\$@\""
}

sh_quoted() { printf "'%s'\n" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# command_program: the program that $LINK starts; nothing if it is not one of our commands
command_program() {
  if [ -L "$LINK" ]; then
    readlink "$LINK"
  elif [ -f "$LINK" ]; then
    sed -n '2s/^# Starts \(.*\)$/\1/p' "$LINK"
  fi
}

# stop_daemon: and wait until its process has ended; if its own command cannot stop it any more, end the process
stop_daemon() {
  local pid
  [ -e "$STATE/endpoint.json" ] || return 0
  pid=$(sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$STATE/endpoint.json") || true
  [ ! -x "$VENV/bin/stylesketch" ] || timeout 30 "$VENV/bin/stylesketch" stop >>"$LOG" 2>&1 </dev/null || true
  ended "$pid" || end_engine "$pid"
}

# end_engines: those too that run from this environment with other folders (another STYLESKETCH_HOME, or --data)
end_engines() {
  local pid
  stop_daemon
  for pid in $(engines_of "$VENV"); do
    say "Ending the engine that still runs from $VENV (process $pid)."
    end_engine "$pid"
  done
}

engines_of() {
  local real process program
  real=$(readlink -f "$1") || real=$1
  for process in /proc/[0-9]*; do
    program=""
    IFS= read -r -d '' program 2>/dev/null <"$process/cmdline" || continue
    case $program in "$1"/bin/* | "$real"/bin/*) ! is_engine "${process#/proc/}" || printf '%s\n' "${process#/proc/}" ;; esac
  done
}

end_engine() {
  kill "$1" 2>/dev/null || true
  ended "$1" || say "The engine (process $1) does not end; end it yourself: kill -KILL $1"
}

# ended PID: within five seconds
ended() {
  for _ in $(seq 50); do
    is_engine "$1" || return 0
    sleep 0.1
  done
  return 1
}

is_engine() { [ -n "$1" ] && { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -q 'backend serve\|stylesketch serve'; }

# ---------------------------------------------------------------------------------------------------------- extension

# An Inkscape that is neither a snap nor a flatpak.
native_inkscape() {
  local path
  for path in $(type -ap inkscape); do
    case $(readlink -f "$path") in */snap) ;; *) printf '%s\n' "$path" && return ;; esac
  done
}

# install_sandboxed: Inkscapes from Flathub and Snap get the extension too; they use an engine that runs already
install_sandboxed() {
  if [ -e /snap/bin/inkscape ]; then
    copy_sandboxed "the Snap store" "$SNAP_EXTENSIONS"
  fi
  if command -v flatpak >/dev/null && flatpak info org.inkscape.Inkscape >/dev/null 2>&1; then
    copy_sandboxed Flathub "$FLATPAK_EXTENSIONS"
  fi
}

copy_sandboxed() {
  say "There is an Inkscape from $1 too. It cannot start the engine: run 'systemctl --user start stylesketch' before you sketch."
  "$VENV/bin/python" "$ROOT/inkscape_ext/install.py" --no-engine --extensions "$2" >>"$LOG" 2>&1 ||
    say "The extension could not be copied to $2; the log is $LOG."
}

# write_unit: lets systemd start the engine for Inkscapes that cannot; it is not started by itself
write_unit() {
  command -v systemctl >/dev/null || return 0
  mkdir -p "$(dirname "$UNIT")" && unit_text >"$UNIT" || return 0
  systemctl --user daemon-reload >>"$LOG" 2>&1 || true
}

unit_text() {
  printf '%s\n' "[Unit]" "Description=StyleSketch's drawing engine" "" "[Service]" "$(unit_start)"
  [ -z "${STYLESKETCH_HOME:-}" ] || printf 'Environment=%s\n' "$(unit_quoted "STYLESKETCH_HOME=$STYLESKETCH_HOME")"
  printf '%s\n' "Restart=on-failure" "" "[Install]" "WantedBy=default.target"
}

unit_start() { printf 'ExecStart=%s serve\n' "$(unit_quoted "$VENV/bin/stylesketch")"; }

# unit_quoted WORD: as systemd reads it back, spaces, quotes, backslashes and its own %-specifiers included
unit_quoted() { printf '"%s"\n' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/%%/g')"; }

remove_unit() {
  grep -qxF "$(unit_start)" "$UNIT" 2>/dev/null || return 0
  systemctl --user disable --now stylesketch >>"$LOG" 2>&1 || true
  remove "$UNIT"
  systemctl --user daemon-reload >>"$LOG" 2>&1 || true
}

check_inkscape_version() {
  local version
  version=$("$INKSCAPE" --version 2>/dev/null | sed -n 's/^Inkscape \([0-9][0-9.]*\).*/\1/p' | head -n 1) || true
  [ -n "$version" ] || fail 1 "$INKSCAPE does not tell its version: start it once to see whether it works."
  [ "$(printf '%s\n' "$OLDEST_INKSCAPE" "$version" | sort -V | head -n 1)" = "$OLDEST_INKSCAPE" ] ||
    fail 1 "StyleSketch needs Inkscape $OLDEST_INKSCAPE or newer, and $INKSCAPE is $version: install a newer one, then run this again."
  say "Inkscape $version ($INKSCAPE)"
}

# find_inkscape_folders: the profile and the program's data; Inkscape may print warnings around the answer
find_inkscape_folders() {
  PROFILE=$("$INKSCAPE" --user-data-directory 2>/dev/null | grep '^/' | tail -n 1) || true
  PROFILE=${PROFILE:-${INKSCAPE_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/inkscape}}
  PROGRAM=$("$INKSCAPE" --system-data-directory 2>/dev/null | grep '^/' | tail -n 1) || true
  PROGRAM=${PROGRAM:-/usr/share/inkscape}
  TARGET=$PROFILE/extensions/stylesketch
}

# Inkscape runs extensions with its preference, else with python3, looking in its own program folder first.
find_inkscape_python() {
  local chosen
  chosen=$(sed -n 's/.*python-interpreter="\([^"]*\)".*/\1/p' "$PROFILE/preferences.xml" 2>/dev/null | head -n 1) || true
  INKSCAPE_PATH="$(dirname "$(readlink -f "$INKSCAPE")"):$PATH"
  INKSCAPE_PYTHON=$(PATH="$INKSCAPE_PATH" command -v "${chosen:-python3}") || true
  [ -n "$INKSCAPE_PYTHON" ] || fail 3 "Inkscape's Python (${chosen:-python3}) is not there: install python3, then run this again."
}

as_inkscape() {
  PATH="$INKSCAPE_PATH" INKSCAPE_PROFILE_DIR="$PROFILE" PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH="$PROFILE/extensions:$PROGRAM/extensions:$PROGRAM/extensions/inkex/deprecated-simple" "$@"
}

has_gtk() {
  as_inkscape "$INKSCAPE_PYTHON" -c 'import gi; gi.require_version("Gtk", "3.0"); gi.require_foreign("cairo")' >>"$LOG" 2>&1
}

# copy_extension FOLDER: what Inkscape needs of this checkout, and nothing else (it scans every .inx at every start)
copy_extension() {
  local file
  cp "$ROOT/stylesketch.inx" "$1/"
  # Inkscape looks for the menu entry's own translations beside it.
  (cd "$ROOT/inkscape_ext" && find . -path './locale/*' -name '*.mo') | while read -r file; do
    mkdir -p "$1/$(dirname "$file")"
    cp "$ROOT/inkscape_ext/$file" "$1/$file"
  done
  [ ! -e "$ROOT/stylesketch.svg" ] || cp "$ROOT/stylesketch.svg" "$1/"
  if [ "$MODE" = dev ]; then
    ln -sfn "$ROOT/stylesketch.inx" "$1/stylesketch.inx"
    ln -sfn "$ROOT/inkscape_ext" "$1/inkscape_ext"
  else
    (cd "$ROOT" && find inkscape_ext -type f \( -name '*.py' -o -name '*.inx' -o -name '*.svg' -o -name '*.png' -o -name '*.css' -o -name '*.mo' \) \
      ! -path '*/__pycache__/*' ! -path '*/tests/*' ! -name 'test_*' -print) | while read -r file; do
      mkdir -p "$1/$(dirname "$file")"
      cp "$ROOT/$file" "$1/$file"
    done
  fi
  if ! has_gtk; then
    say "Inkscape's Python has no GTK, so StyleSketch shows Inkscape's own parameter dialog instead of its window."
    rm -f "$1/stylesketch.inx"
    cp "$ROOT/inkscape_ext/stylesketch_nogtk.inx.in" "$1/stylesketch.inx"
    if [ "$MODE" = dev ]; then # the checkout keeps its files; scripts must not be links, or they would look for install.json there
      rm -f "$1/inkscape_ext"
      mkdir "$1/inkscape_ext"
      find "$ROOT/inkscape_ext" -mindepth 1 -maxdepth 1 -type d -exec ln -s {} "$1/inkscape_ext/" \;
      find "$ROOT/inkscape_ext" -maxdepth 1 \( -name '*.py' -o -name '*.inx' \) -exec cp {} "$1/inkscape_ext/" \;
    fi
    (cd "$ROOT/inkscape_ext" && find . -maxdepth 1 -name 'style_*_nogtk.inx.in' -print) | while read -r file; do
      rm -f "$1/inkscape_ext/${file%_nogtk.inx.in}.inx"
      cp "$ROOT/inkscape_ext/$file" "$1/inkscape_ext/${file%_nogtk.inx.in}.inx"
    done
  fi
}

write_install_json() {
  (cd / && "$VENV/bin/python" - "$1/install.json" <<'PY'
import json
import os
import sys

from backend import __version__
from backend.places import Places
from stylesketch_ext.wire.messages import PROTOCOL_VERSION

places = Places.find()
fields = {
    "schema": 1,
    "version": __version__,
    "protocol": PROTOCOL_VERSION,
    "python": sys.executable,
    "data": str(places.data),
    "state": str(places.state),
    "endpoint": str(places.endpoint),
}
if os.environ.get("STYLESKETCH_HOME"):
    fields["home"] = os.environ["STYLESKETCH_HOME"]
half = sys.argv[1] + ".half"
with open(half, "w", encoding="utf-8") as file:
    json.dump(fields, file, indent=1, ensure_ascii=False)
os.replace(half, sys.argv[1])
PY
  ) 2>>"$LOG" || fail 1 "install.json could not be written; the log is $LOG."
}

install_extension() {
  write_unit
  install_sandboxed
  INKSCAPE=$(native_inkscape)
  [ -n "$INKSCAPE" ] || fail 3 "There is no Inkscape: install it, then run this again (or use --no-inkscape)."
  check_inkscape_version
  find_inkscape_folders
  find_inkscape_python
  say "Installing the extension in $TARGET …"
  mkdir -p "$PROFILE/extensions" || fail 4 "$PROFILE/extensions cannot be made: check its owner."
  # Beside the profile's extensions folder, not in it: Inkscape would read a half-made one.
  STAGING=$(mktemp -d "$PROFILE/.stylesketch.XXXXXX")
  trap 'rm -rf "$STAGING"' EXIT
  chmod 755 "$STAGING"
  copy_extension "$STAGING"
  write_install_json "$STAGING"
  rm -rf "$TARGET"
  mv "$STAGING" "$TARGET"
  trap - EXIT
  check_extension
}

check_extension() {
  logged "The extension's self-test failed." as_inkscape "$INKSCAPE_PYTHON" "$TARGET/inkscape_ext/style_sketch.py" --self-test
  if ! can_show; then
    say "There is no display here, so whether Inkscape lists the extension was not checked."
    return
  fi
  if with_profile in_session inkscape_lists_it; then
    say "Inkscape lists the extension."
  else
    fail 1 "Inkscape does not list the extension: look into $PROFILE/extension-errors.log and $LOG."
  fi
}

inkscape_lists_it() { timeout 60 "$INKSCAPE" --action-list 2>>"$LOG" | grep -q "^$EXTENSION_ID"; }

# with_profile COMMAND...: with a throwaway profile that holds only a link to the installed extension, so that neither
# the user's preferences nor a running Inkscape are touched
with_profile() {
  local profile code=0
  profile=$(mktemp -d)
  mkdir "$profile/extensions"
  ln -s "$TARGET" "$profile/extensions/stylesketch"
  INKSCAPE_PROFILE_DIR=$profile "$@" || code=$?
  rm -rf "$profile"
  return "$code"
}

# ------------------------------------------------------------------------------------------------------------ display

can_show() { command -v dbus-run-session >/dev/null && { command -v Xvfb >/dev/null || [ -n "${DISPLAY:-}" ]; }; }

# in_session COMMAND...: with a D-Bus session of its own, since Inkscape hands its work over to one that already runs,
# and with a virtual screen if there is one
in_session() (
  session=$(mktemp -d)
  server=""
  trap '[ -z "$server" ] || kill "$server"; rm -rf "$session"' EXIT
  if command -v Xvfb >/dev/null; then
    exec 8>"$session/display"
    Xvfb -displayfd 8 -screen 0 1600x1000x24 -nolisten tcp -noreset >"$session/log" 2>&1 9>&- &
    server=$!
    for _ in $(seq 100); do
      [ -s "$session/display" ] && break
      sleep 0.1
    done
    [ -s "$session/display" ] || fail 1 "The virtual screen (Xvfb) does not start: see $LOG."
    DISPLAY=:$(cat "$session/display")
    exec 8>&-
    unset WAYLAND_DISPLAY
    export GDK_BACKEND=x11
  fi
  export DISPLAY XDG_RUNTIME_DIR="$session/run" LC_ALL="${LC_ALL:-C.UTF-8}" GTK_USE_PORTAL=0 NO_AT_BRIDGE=1
  mkdir -m 700 "$session/run"
  export -f inkscape_lists_it
  export INKSCAPE EXTENSION_ID LOG
  # The bus's own messages go to the log, the command's to where ours go.
  exec 6>&1 7>&2
  dbus-run-session -- bash -c '"$@" >&6 2>&7 6>&- 7>&-' bash "$@" >>"$LOG" 2>&1 || exit
)

# ----------------------------------------------------------------------------------------------------------- commands

set_up() {
  local extra=$1
  find_places
  open_log
  # shellcheck disable=SC2086
  need_packages $ENGINE_PACKAGES $2
  install_engine "$extra"
  link_command
}

# pull_weights: the light guidance's, 5 MB, which are optional: whatever happens is one line and no failure
pull_weights() {
  local seconds=90
  [ "$WITH_WEIGHTS" = yes ] || return 0
  [ ! -e "$DATA/weights/squeezenet/receipt.json" ] || return 0
  if timeout "$seconds" "$VENV/bin/stylesketch" models pull squeezenet --patience 8 >>"$LOG" 2>&1 </dev/null; then
    say "The weights of the light guidance (SqueezeNet, 5 MB) are here."
  else
    say "The weights of the light guidance (SqueezeNet, 5 MB) could not be downloaded; sketches are drawn without them. 'stylesketch models pull squeezenet' tries again, and $LOG says why."
  fi
}

install_command() {
  local wanted=$INKSCAPE_PACKAGES
  [ "$WITH_INKSCAPE" = yes ] || wanted=""
  set_up "" "$wanted"
  pull_weights
  [ "$WITH_INKSCAPE" = yes ] || {
    say "Done. Try: stylesketch sketch photo.jpg -o sketch.svg"
    return
  }
  install_extension
  say "Done. Restart Inkscape, select a picture, and choose Extensions ▸ StyleSketch ▸ Sketch…"
}

demo_command() {
  set_up demo "$INKSCAPE_PACKAGES $SCREEN_PACKAGES"
  install_extension
  close_lock
  in_session env PYTHONPATH= "$VENV/bin/python" "$ROOT/tests/demo/photo_to_layer.py" --inkscape "$INKSCAPE" \
    --extensions "$PROFILE/extensions" --engine "$VENV/bin/stylesketch" --out "$PWD/stylesketch-demo" ${PHOTO:+"$PHOTO"} || exit 1
}

test_command() {
  local native
  set_up test "$INKSCAPE_PACKAGES $SCREEN_PACKAGES"
  # The suite tests the checkout, which needs a rasterizer of its own.
  native="$ROOT $(fingerprint backend/raster)"
  if ! stamped checkout-native "$native" || [ -z "$(find "$ROOT/backend/raster" -name '*.so' -print -quit)" ]; then
    build_native checkout-native "$native" "$ROOT"
  fi
  close_lock
  cd "$ROOT"
  local selection=()
  [ "$ALL" = no ] || selection=(-m "")
  exec "$VENV/bin/python" -m pytest ${selection[@]+"${selection[@]}"}
}

# Without STYLESKETCH_HOME, the installation that the extension belongs to; then what lies in the default folders.
uninstall_command() {
  local home="" asked=${STYLESKETCH_HOME:-}
  LEFT=no
  find_places
  find_extension
  [ -n "$asked" ] || home=$(told_by "$TARGET" home)
  if [ -n "$home" ]; then
    say "The extension belongs to the installation in $home."
    STYLESKETCH_HOME=$home
    name_places
  fi
  remove_installation
  if [ -n "${STYLESKETCH_HOME:-}" ]; then
    unset STYLESKETCH_HOME
    name_places
    if [ -z "$asked" ] && [ "$PURGE" = yes ]; then
      remove_installation
    elif [ -n "$asked" ]; then
      leave "$DATA" "$STATE" "not in the STYLESKETCH_HOME that was named"
    else
      leave "$DATA" "$STATE" "not in $home; running this again removes what is there, with --purge its drawings too"
    fi
  fi
  if [ "$LEFT" = no ]; then say "StyleSketch is removed."; else say "StyleSketch is removed, but for what was left as said above."; fi
}

find_extension() {
  INKSCAPE=$(native_inkscape)
  if [ -n "$INKSCAPE" ]; then
    find_inkscape_folders
  else
    TARGET=${INKSCAPE_PROFILE_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/inkscape}/extensions/stylesketch
  fi
}

# told_by FOLDER FIELD: a text in the install.json of an installed extension; nothing where there is none
told_by() {
  local text
  text=$(sed -n "s/^ \"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" "$1/install.json" 2>/dev/null) || true
  LC_ALL=C.UTF-8 printf '%b\n' "$text"
}

# remove_installation: the one whose places are named; with --purge, or if the user agrees, its data too
remove_installation() {
  local folder purge=$PURGE answer="" again="./install.sh uninstall --purge"
  [ -z "${STYLESKETCH_HOME:-}" ] || again="STYLESKETCH_HOME=$(sh_quoted "$STYLESKETCH_HOME") $again"
  remove_unit
  end_engines
  for folder in "$TARGET" "$SNAP_EXTENSIONS/stylesketch" "$FLATPAK_EXTENSIONS/stylesketch"; do
    remove_extension "$folder"
  done
  [ "$(command_program)" != "$VENV/bin/stylesketch" ] || remove "$LINK"
  remove "$VENV"
  remove "$STATE"
  rmdir "$DATA" 2>/dev/null || true
  if [ -d "$DATA" ] && [ "$purge" = no ] && on_terminal; then
    printf 'Also remove your style packs, drawings and weights in %s? [y/N] ' "$DATA"
    read -r answer || true
    case $answer in [yY]*) purge=yes ;; esac
  fi
  if [ "$purge" = yes ]; then
    remove "$DATA"
  else
    leave "$DATA" "your style packs, drawings and weights; this removes them: $again"
  fi
  [ -z "${STYLESKETCH_HOME:-}" ] || rmdir "$STYLESKETCH_HOME" 2>/dev/null || true
}

# remove_extension FOLDER: unless it uses the engine of another installation that is still there
remove_extension() {
  local python
  python=$(told_by "$1" python)
  case $python in
    "" | "$VENV"/bin/*) remove "$1" ;;
    *) if [ -x "$python" ]; then leave "$1" "it uses the engine of another installation, $python"; else remove "$1"; fi ;;
  esac
}

remove() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  rm -rf "$1"
  say "Removed: $1"
}

# leave PATH... REASON
leave() {
  local path reason=${!#}
  for path in "${@:1:$#-1}"; do
    [ -e "$path" ] || continue
    LEFT=yes
    say "Left: $path ($reason)"
  done
}

usage_error() {
  printf 'install.sh: %s\n\n%s\n' "$1" "$USAGE" >&2
  exit 2
}

main() {
  COMMAND="" MODE=copy WITH_INKSCAPE=yes WITH_WEIGHTS=yes ALL=no PURGE=no PHOTO=""
  while [ $# -gt 0 ]; do
    case $1 in
      install | demo | test | uninstall)
        [ -z "$COMMAND" ] || usage_error "only one command at a time: $COMMAND or $1."
        COMMAND=$1
        ;;
      --dev) MODE=dev ;;
      --no-inkscape) WITH_INKSCAPE=no ;;
      --no-weights) WITH_WEIGHTS=no ;;
      --all) ALL=yes ;;
      --purge | --yes) PURGE=yes ;;
      -h | --help)
        printf '%s\n' "$USAGE"
        exit 0
        ;;
      -*) usage_error "there is no option $1." ;;
      *)
        if [ "$COMMAND" != demo ] || [ -n "$PHOTO" ]; then usage_error "there is no command '$1'."; fi
        [ -f "$1" ] || fail 1 "There is no photograph $1."
        PHOTO=$1
        ;;
    esac
    shift
  done
  COMMAND=${COMMAND:-install}
  "${COMMAND}_command"
}

main "$@"
