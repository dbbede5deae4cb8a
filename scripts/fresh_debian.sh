#!/bin/sh
# Run `make demo` and `make test` in a fresh Debian that has python3.11, python3-venv, make and git,
# and nothing else. The result does not depend on packages, fonts or browsers of this machine.
#
#   sudo sh scripts/fresh_debian.sh FOLDER [COMMAND ...]
#
# The script makes FOLDER with the system and a clone of the committed files; remove FOLDER later.
# If FOLDER has such a system already, the script makes only the clone again. COMMAND runs in the
# clone, instead of `make demo` and `make test`. The script needs debootstrap, 10 GB and a network.
#
# MIRROR names another mirror of Debian. For a proxy or your own registry, the script passes on
# variables such as PIP_INDEX_URL, npm_config_registry, HTTPS_PROXY and SSL_CERT_FILE. BIND names
# files and folders of this machine, separated by blanks, that the system can read.
set -eu

if [ $# -lt 1 ]; then
    sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "error: debootstrap and chroot need the rights of root; run this with sudo." >&2
    exit 1
fi
for tool in debootstrap unshare git; do
    if ! command -v $tool >/dev/null 2>&1; then
        echo "error: $tool is not installed. On Debian and Ubuntu: apt-get install debootstrap util-linux git" >&2
        exit 1
    fi
done

project=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
root=$(cd "$1" && pwd)
shift
mirror=${MIRROR:-http://deb.debian.org/debian}

if [ ! -x "$root/usr/bin/python3.11" ]; then
    echo "==> Making a Debian in $root"
    debootstrap --variant=minbase --include=ca-certificates,git,make,python3.11,python3-venv \
        bookworm "$root" "$mirror"
fi

if [ -n "$(git -C "$project" status --porcelain)" ]; then
    echo "warning: the tests run without the changes that are not committed." >&2
fi
echo "==> Cloning $(git -C "$project" log -1 --format='%h (%s)')"
rm -rf "$root/root/project"
git clone --quiet "file://$project" "$root/root/project"

cp /etc/resolv.conf "$root/etc/resolv.conf"
passed=$(env | sed -n -E \
    's/^((PIP_|npm_config_|NODE_EXTRA_CA_CERTS|SSL_CERT_|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy)[A-Za-z_]*)=.*/\1/p')
for name in $passed; do
    eval "value=\$$name"
    printf 'export %s=%s\n' "$name" "'$(printf %s "$value" | sed "s/'/'\\\\''/g")'"
done >"$root/root/environment.sh"

if [ $# -eq 0 ]; then
    set -- sh -c "make demo && make test"
fi
export ROOT="$root" BIND="${BIND:-}"
# The mounts and the processes end with this command, however it ends.
exec unshare --mount --pid --fork --kill-child sh -eu -c '
    mount --make-rprivate /
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    for path in $BIND; do
        if [ -d "$path" ]; then
            mkdir -p "$ROOT$path"
        else
            mkdir -p "$ROOT$(dirname "$path")"
            [ -e "$ROOT$path" ] || : >"$ROOT$path"
        fi
        mount --bind "$path" "$ROOT$path"
        mount -o remount,bind,ro "$path" "$ROOT$path" 2>/dev/null || true
    done
    exec chroot "$ROOT" /usr/bin/env -i HOME=/root LANG=C.UTF-8 CI=true \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        sh -eu -c ". /root/environment.sh; cd /root/project; exec \"\$@\"" sh "$@"
' sh "$@"
