#!/usr/bin/env bash
# Prepare this checkout: its own .venv, this project in it, and for `test` the system packages that tests use.
#   scripts/setup.sh demo|test
# Never uses sudo: where root is needed and we are not root, it names the command and goes on without, if it can.
set -euo pipefail
cd "$(dirname "$0")/.."

what=${1:?demo or test}
torch_version=$(sed -n 's/^torch==//p' constraints.txt)
log=.venv/setup.log

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# One line for each large download; everything is in the log, which is shown when the command fails.
quietly() {
    if ! "$@" 2>&1 | tee -a "$log" | sed -un 's/^ *\(Downloading\|Using cached\) \(.*\/\)\?\([^/ ]* ([0-9.]* [MG]B)\).*/      \3/p'; then
        tail -n 25 "$log" >&2
        die "failed: $*; the whole output is in $log"
    fi
}

# apt-get says a lot; a line every 25 packages, and what went wrong.
apt_install() {
    local line count=0
    {
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
    } </dev/null 2>&1 | while IFS= read -r line; do
        case $line in
        "Setting up "*) if ((++count % 25 == 0)); then echo "      $count packages"; fi ;;
        [EW]:* | Err:*) printf '      %s\n' "$line" ;;
        esac
    done
}

find_python() {
    local name
    for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    die "Python 3.11 or newer is needed; found $(python3 --version 2>&1 || true). Set PYTHON=/path/to/python3 if it has another name."
}

make_venv() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    local python
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then  # Debian packs these apart
        local package
        package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "$python cannot make a virtual environment. As root: apt-get install $package"
        say "Installing $package"
        apt_install "$package" || die "apt-get could not install $package"
    fi
    say "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

has() { command -v "$1" >/dev/null; }
has_library() { .venv/bin/python -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null; }
has_rtsp_server() {
    /usr/bin/python3 - >/dev/null 2>&1 <<'END'
import sys, gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
sys.exit(not all(map(Gst.ElementFactory.find, ("x264enc", "rtph264pay", "h264parse", "qtdemux"))))
END
}

# What the tests use beyond Python. MediaPipe brings the OpenCV that wants libGL, and wants EGL and GLES itself.
system_packages() {
    has redis-server || echo redis-server
    has ffmpeg || echo ffmpeg
    has_library libGL.so.1 || echo libgl1
    has_library libgthread-2.0.so.0 || echo libglib2.0-0
    has_library libEGL.so.1 || echo libegl1
    has_library libGLESv2.so.2 || echo libgles2
    has_rtsp_server || echo gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{base,good,bad,ugly}
}

install_system_packages() {
    local missing
    missing=$(system_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
        say "Missing on this machine; the tests that need them are skipped. As root: apt-get install $missing"
        return 0
    fi
    say "Installing with apt-get: $missing"
    # shellcheck disable=SC2086  # words, one a package
    apt_install $missing || say "apt-get failed; the tests that need these are skipped: $missing"
}

install_torch() {
    if .venv/bin/python -c 'import torch' 2>/dev/null; then
        return
    fi
    local pip=(.venv/bin/python -m pip install --no-input -c constraints.txt)
    if nvidia-smi -L >/dev/null 2>&1; then
        say "Installing PyTorch $torch_version for the GPU (several gigabytes)"
        quietly "${pip[@]}" "torch==$torch_version"
        return
    fi
    say "Installing PyTorch $torch_version for the CPU"
    # PyPI's own wheel carries gigabytes of CUDA on Linux; the build without it has an index of its own
    local index=https://download.pytorch.org/whl/cpu
    if ! "${pip[@]}" --retries 1 --timeout 20 --extra-index-url "$index" "torch==$torch_version+cpu" >>"$log" 2>&1; then
        say "There is no CPU build at $index for this machine; taking PyTorch from PyPI (it may be large)"
        quietly "${pip[@]}" "torch==$torch_version"
    fi
}

install_project() {
    say "Installing restride[$1]"
    quietly .venv/bin/python -m pip install --no-input -c constraints.txt -e ".[$1]"
}

make_venv
case $what in
demo) install_project onnx ;;
test)
    install_system_packages
    install_torch
    install_project onnx,pose,torch,web,dev
    say "Fetching the pose network"
    .venv/bin/restride models fetch pose_landmarker_full >>"$log" 2>&1 ||
        say "It could not be fetched; the tests that need it are skipped"
    ;;
*) die "usage: scripts/setup.sh demo|test" ;;
esac
say "Ready for $what"
