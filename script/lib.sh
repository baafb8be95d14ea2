# lib.sh - what the scripts share: messages, help, waiting, ports, processes. Sourced, never run.
# shellcheck shell=bash

script_name=$(basename "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

say()
{
    printf '%s: %s\n' "$script_name" "$*"
}

warn()
{
    printf '%s: %s\n' "$script_name" "$*" >&2
}

die()
{
    warn "$*"
    exit 1
}

# The comment at the top of a script is its help.
print_help()
{
    awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$0"
}

# The value of option $1, which is $2 if there is one.
option_value()
{
    [[ $# -ge 2 ]] || die "$1 wants a value; see --help"
    printf '%s' "$2"
}

# wait_until SECONDS COMMAND...: asks until the command succeeds; fails once the seconds are over.
wait_until()
{
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $deadline ]] || return 1
        sleep 0.05
    done
}

# Does somebody listen on 127.0.0.1:$1?
port_is_taken()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The first port from $1 on that nobody listens on.
free_port()
{
    local port=$1
    while port_is_taken "$port"; do
        port=$((port + 1))
    done
    echo "$port"
}

is_port()
{
    [[ $1 =~ ^[0-9]+$ && $1 -ge 1 && $1 -le 65535 ]]
}

# Is there a process $1 that has not ended? A zombie has.
process_is_alive()
{
    [[ -r /proc/$1/status ]] && ! grep -qs '^State:[[:space:]]*[ZX]' "/proc/$1/status"
}

process_has_ended()
{
    ! process_is_alive "$1"
}

# Is process $1 stopped by a signal?
process_is_paused()
{
    grep -qs '^State:[[:space:]]*T' "/proc/$1/status"
}

# Runs a command that ends when this script does, however that happens.
bound_to_script()
{
    exec setpriv --pdeathsig TERM -- "$@"
}

# The status code that http://127.0.0.1:$1$2 answers, or nothing.
http_status()
{
    # shellcheck disable=SC2016
    timeout 2 bash -c '
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$2" >&3
        read -r _ status _ <&3 && printf "%s" "$status"' _ "$1" "$2" 2>/dev/null || true
}

# The targets of build folder $1 whose whole name matches $2.
ninja_targets()
{
    ninja -C "$1" -t targets all | sed -n "s/^\($2\): phony\$/\1/p" | sort -u
}

# Configures and builds preset $1; the rest are targets.
build_preset()
{
    local preset=$1
    shift
    (cd "$root" && cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" -- ${@:+"$@"})
}

# run_tests BUILD-FOLDER CTEST-OPTION...: runs ctest, and ends with a line that counts.
run_tests()
{
    local build status=0 tests failures skipped line
    build=$(cd "$1" && pwd)
    shift
    rm -f "$build/ctest.xml"
    ctest --test-dir "$build" -j2 --output-on-failure --no-tests=error \
        --output-junit "$build/ctest.xml" "$@" || status=$?
    line=$(grep -A 8 '<testsuite ' "$build/ctest.xml" 2>/dev/null | tr '\n\t' '  ' || true)
    tests=$(xml_count "$line" tests)
    failures=$(xml_count "$line" failures)
    skipped=$(($(xml_count "$line" skipped) + $(xml_count "$line" disabled)))
    if [[ $status -ne 0 && $failures -eq 0 ]]; then
        failures=1
    fi
    echo "$((tests > failures + skipped ? tests - failures - skipped : 0)) passed, $failures failed$(
        [[ $skipped -eq 0 ]] || echo ", $skipped skipped")"
    return "$status"
}

# The number in attribute $2 of element $1; 0 if there is none.
xml_count()
{
    local number
    number=$(sed -n "s/.* $2=\"\([0-9]*\)\".*/\1/p" <<<"$1")
    echo "${number:-0}"
}
