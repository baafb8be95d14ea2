#!/usr/bin/env bash
# script/bench [OPTIONS]
#
# Puts the same load on three targets in turn and prints what each request cost:
#
#   direct       no proxy: the clients talk to the nodes of the cluster themselves
#   slotway      the release build, in front of the same three-node cluster
#   nutcracker   Debian's twemproxy, in front of three nodes that are no cluster: it knows none
#
# All of it runs on this machine and ends with this script. The targets take turns (A B C A B C),
# and a figure is the median of the rounds. Where cores are shared, throughput and latency move
# from run to run; CPU time and system calls per request are the figures that repeat.
#
#   --rounds N       rounds; default 5
#   --requests N     requests of a round, 100000; works multiply it by a percentage of their own
#   --workers N      worker threads of slotway; default 1, as nutcracker has no more
#   --works LIST     only these, separated by commas
#   --list           what works there are
#   --targets LIST   only these
#   --quick          three rounds of 20000 requests: a first look, not figures to publish
#   --csv FILE       every round as a line
#   --markdown       the table as Markdown
#
# SLOTWAY_BINARY measures another build of slotway.
set -euo pipefail
# shellcheck source=bench/loads.sh
source "$(dirname "$0")/loads.sh"

rounds=5
requests=100000
csv=''
markdown=0
works=()

# --- what it cost ---

# CPU time of processes, user and system, of all their threads, in microseconds.
cpu_of()
{
    local pid
    for pid in "$@"; do
        cat "/proc/$pid/stat"
    done | awk -v tick="$(getconf CLK_TCK)" '
        { sub(/.*\) /, ""); ticks += $12 + $13 }
        END { printf "%.0f\n", ticks * 1000000 / tick }'
}

proxy_of()
{
    case $1 in
    direct) ;;
    slotway) echo "$slotway_pid" ;;
    nutcracker) echo "$nutcracker_pid" ;;
    esac
}

servers_of()
{
    if [[ $1 == nutcracker ]]; then
        echo "${standalone_pids[@]}"
    else
        echo "${cluster_pids[@]}"
    fi
}

per_request()
{
    awk -v total="$1" -v count="$2" 'BEGIN { printf "%.3f\n", total / count }'
}

# How system calls are counted: perf counts them in the kernel, strace stops the process at each.
# Either needs rights that a container may not have.
choose_counter()
{
    if command -v perf >/dev/null &&
        perf stat -x, -e raw_syscalls:sys_enter -p "$BASHPID" -- true >/dev/null 2>&1; then
        count_with=perf
    elif command -v strace >/dev/null && strace -c -o /dev/null true >/dev/null 2>&1; then
        count_with=strace
    else
        count_with=nothing
    fi
}

is_traced()
{
    ! grep -qs '^TracerPid:[[:space:]]*0$' "/proc/$1"/task/*/status
}

has_ended_or_traces()
{
    process_has_ended "$1" || is_traced "$2"
}

# load_under_strace PID TARGET REQUESTS: how many calls process PID made meanwhile, or nothing
# where it may not be traced.
load_under_strace()
{
    local tracer
    bound_to_script strace -c -f -o "$scratch/calls" -p "$1" 2>"$scratch/strace.log" &
    tracer=$!
    wait_until 5 has_ended_or_traces "$tracer" "$1"
    if process_is_alive "$tracer"; then
        load "$2" "$3"
        kill -s TERM "$tracer"
        wait "$tracer" || true
        awk '$NF == "total" { print $4 }' "$scratch/calls"
    fi
}

# System calls per request of the proxy, from a short run of its own, as counting has a cost.
calls_of()
{
    local target=$1 count=$(($2 / 5)) pid calls=''
    pid=$(proxy_of "$target")
    if [[ -n $pid && $count_with == perf ]]; then
        counter=(perf stat "-x," -o "$scratch/calls" -e raw_syscalls:sys_enter -p "$pid" --)
        load "$target" "$count"
        counter=()
        calls=$(awk -F, '/raw_syscalls/ { print $1 }' "$scratch/calls")
    elif [[ -n $pid && $count_with == strace ]]; then
        calls=$(load_under_strace "$pid" "$target" "$count")
    fi
    if [[ -n $calls ]]; then
        per_request "$calls" "$count"
    else
        echo -
    fi
}

# measure TARGET ROUND REQUESTS: one line of the results.
measure()
{
    local target=$1 count=$3 proxy servers proxy_cpu=- servers_cpu said calls
    calls=$(calls_of "$target" "$count")
    proxy=$(proxy_of "$target")
    read -ra servers <<<"$(servers_of "$target")"
    if [[ -n $proxy ]]; then
        proxy_cpu=$(cpu_of "$proxy")
    fi
    servers_cpu=$(cpu_of "${servers[@]}")
    load "$target" "$count"
    if [[ -n $proxy ]]; then
        proxy_cpu=$(per_request $(($(cpu_of "$proxy") - proxy_cpu)) "$count")
    fi
    servers_cpu=$(per_request $(($(cpu_of "${servers[@]}") - servers_cpu)) "$count")
    said=$(figures)
    [[ $(wc -w <<<"$said") -eq 4 ]] || die "no figures in what the load on $target said"
    echo "$work,$target,$2,${said// /,},$proxy_cpu,$servers_cpu,$calls" >>"$scratch/results.csv"
}

# A cluster has no MGET over slots without a proxy.
can_do()
{
    [[ $1 != direct || $request != mget ]]
}

run_work()
{
    local count target round
    use_work "$1"
    count=$(request_count "$requests")
    for target in "${targets[@]}"; do
        if can_do "$target"; then
            progress "$work: filling $target"
            fill "$target"
        fi
    done
    for ((round = 1; round <= rounds; round++)); do
        for target in "${targets[@]}"; do
            if can_do "$target"; then
                progress "$work: round $round of $rounds, $target"
                measure "$target" "$round" "$count"
            fi
        done
    done
}

# --- what people see ---

progress()
{
    if [[ -t 2 ]]; then
        printf '\r\033[K%s' "$*" >&2
    fi
}

version_of()
{
    "$@" 2>&1 | grep -o '[0-9]\+\.[0-9.]*[0-9]' | head -n 1 || true
}

print_machine()
{
    local model memory commit
    model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
    memory=$(awk '$1 == "MemTotal:" { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)
    commit=$(git -C "$root" describe --always --dirty=' with changes' 2>/dev/null || echo unknown)
    echo "machine    $(nproc) x ${model:-$(uname -m)}, $memory"
    echo "kernel     $(uname -sr)"
    echo "commit     $commit"
    printf 'versions   '
    if is_target slotway; then
        printf 'slotway %s, ' "$(version_of "$slotway" --version)"
    fi
    if is_target nutcracker; then
        printf 'nutcracker %s, ' "$(version_of nutcracker --version)"
    fi
    printf 'redis-server %s, redis-benchmark %s' "$(version_of redis-server --version)" \
        "$(version_of redis-benchmark --version)"
    if command -v memtier_benchmark >/dev/null; then
        printf ', memtier_benchmark %s' "$(version_of memtier_benchmark --version)"
    fi
    echo
    echo "run        $rounds rounds of $requests requests, $workers slotway worker(s)," \
        "system calls counted by $count_with"
    echo
}

# The name of a work and what it is.
list_works()
{
    awk 'NF { printf "%-12s", $1; for (i = 8; i <= NF; i++) printf "%s ", $i; print "" }' \
        <<<"$works_table"
}

print_table()
{
    progress ''
    {
        list_works
        echo
        cat "$scratch/results.csv"
    } | awk -v markdown="$markdown" -f "$root/bench/table.awk"
    cat <<'TEXT'

proxy us, servers us   CPU time per request, user and system, in microseconds
calls                  system calls of the proxy per request
ratio                  CPU time of the proxy, nutcracker's in the same round being 1
TEXT
}

# --- arguments ---

require_count()
{
    [[ $2 =~ ^[0-9]+$ && $2 -ge 1 ]] || die "$1 wants a number above 0, not '$2'"
}

choose_works()
{
    local known name
    known=" $(awk 'NF { printf "%s ", $1 }' <<<"$works_table")"
    if [[ -z $1 ]]; then
        read -ra works <<<"$known"
    else
        IFS=, read -ra works <<<"$1"
    fi
    for name in "${works[@]}"; do
        [[ $known == *" $name "* ]] || die "no work is called '$name'; --list names them"
    done
    if ! command -v memtier_benchmark >/dev/null; then
        [[ ,$1, != *,mix* ]] || die "mix needs memtier_benchmark, which is not on the PATH"
        read -ra works <<<"$(printf '%s\n' "${works[@]}" | grep -v '^mix' | tr '\n' ' ')"
    fi
}

choose_targets()
{
    local name
    IFS=, read -ra targets <<<"$1"
    for name in "${targets[@]}"; do
        [[ " ${all_targets[*]} " == *" $name "* ]] ||
            die "no target is called '$name'; there are ${all_targets[*]}"
    done
}

wanted=''
only_list=no
while [[ $# -gt 0 ]]; do
    case $1 in
    --rounds) rounds=$(option_value "$@"); shift ;;
    --requests) requests=$(option_value "$@"); shift ;;
    --workers) workers=$(option_value "$@"); shift ;;
    --list) only_list=yes ;;
    --works) wanted=$(option_value "$@"); shift ;;
    --targets) choose_targets "$(option_value "$@")"; shift ;;
    --quick) rounds=3 && requests=20000 ;;
    --csv) csv=$(option_value "$@"); shift ;;
    --markdown) markdown=1 ;;
    --help | -h) print_help && exit 0 ;;
    *) die "unknown option '$1'; see --help" ;;
    esac
    shift
done
require_count --rounds "$rounds"
require_count --requests "$requests"
require_count --workers "$workers"
if [[ $only_list == yes ]]; then
    list_works
    exit 0
fi
choose_works "$wanted"
! is_target slotway || [[ -x $slotway ]] || die "there is no $slotway; script/build makes it"
! is_target nutcracker || command -v nutcracker >/dev/null ||
    die "there is no nutcracker; script/bootstrap --with bench installs it"
if [[ -n $csv ]]; then
    : >"$csv" || die "cannot write $csv"
fi

scratch=$(mktemp -d)
trap 'exit 130' INT
trap 'exit 143' TERM
trap stop_all EXIT
choose_ports
choose_counter
start_all
if is_target direct; then
    near=$(near_tag)
fi
echo work,target,round,requests_per_second,p50_ms,p99_ms,p99.9_ms,proxy_cpu_us,servers_cpu_us,calls \
    >"$scratch/results.csv"
print_machine
for work in "${works[@]}"; do
    run_work "$work"
done
print_table
if [[ -n $csv ]]; then
    cp "$scratch/results.csv" "$csv"
fi
