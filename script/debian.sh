# debian.sh - a Debian 12 in a folder, for scripts that try the package there. Sourced, never run.
#
# Needs script/lib.sh. The folder is $system; what is kept for the next run is in $cache, which is
# $SLOTWAY_PACKAGE_CACHE (default: a folder in the temporary one). What cannot be done here skips.
# shellcheck shell=bash disable=SC2154

cache=${SLOTWAY_PACKAGE_CACHE:-${TMPDIR:-/tmp}/slotway-package}
mirror=${SLOTWAY_IMAGE_MIRROR:-http://deb.debian.org/debian}
system=$cache/system

skip()
{
    echo "skipped: $*"
    exit 0
}

make_base()
{
    [[ $(id -u) -eq 0 ]] || skip "a chroot needs root"
    "$root/script/bootstrap" --with "build,$1" || skip "debootstrap cannot be installed"
    mkdir -p "$cache"
    if [[ ! -f $cache/base.tar ]]; then
        say "making a base system with debootstrap"
        rm -rf "$cache/base"
        debootstrap --variant=minbase --include=adduser bookworm "$cache/base" "$mirror" \
            >"$cache/debootstrap.log" 2>&1 ||
            skip "debootstrap does not work here: $(tail -n 1 "$cache/debootstrap.log")"
        keep_folder "$cache/base" "$cache/base.tar"
        rm -rf "$cache/base"
    fi
}

# keep_folder FOLDER FILE
keep_folder()
{
    tar -C "$1" -cf "$2.part" . && mv "$2.part" "$2"
}

# make_system FILE: $system, as kept in FILE. apt's settings of this machine, such as a proxy, hold in
# there too.
make_system()
{
    rm -rf "$system" && mkdir -p "$system"
    tar -C "$system" -xf "$1"
    cp -a /etc/apt/apt.conf.d/. "$system/etc/apt/apt.conf.d/"
    cp /etc/resolv.conf "$system/etc/resolv.conf"
}

in_system()
{
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
        chroot "$system" "$@" </dev/null
}

# apt_in_system COMMAND PACKAGE...
apt_in_system()
{
    in_system apt-get -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
        -o APT::Sandbox::User=root --no-install-recommends --yes "$@" >"$cache/apt.log" 2>&1 || {
        tail -n 20 "$cache/apt.log" >&2
        return 1
    }
}

# make_packages VERSION...: $cache/packages/VERSION.deb, all of the program as it is now.
make_packages()
{
    local version
    "$root/script/build" release >/dev/null
    rm -rf "$cache/packages"
    for version in "$@"; do
        (cd "$root/build/release" && cpack -B "$cache/packages/$version" -R "$version") \
            >"$cache/cpack.log" 2>&1 || die "no package: see $cache/cpack.log"
        mv "$cache/packages/$version"/*.deb "$cache/packages/$version.deb"
    done
}
