# targets.sh - what script/bench measures: starts and ends it, knows ports and pids. Sourced, never run.
# shellcheck shell=bash

# shellcheck source=script/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../script/lib.sh"

all_targets=(direct slotway nutcracker)
targets=("${all_targets[@]}")
slotway=${SLOTWAY_BINARY:-$root/build/release/slotway}
workers=1
start_seconds=20
node_count=3

scratch=''
pids=()
cluster_pids=()
standalone_pids=()
cluster_port=''
standalone_port=''
slotway_port=''
nutcracker_port=''
statistics_port=''
slotway_pid=''
nutcracker_pid=''

stop_all()
{
    local pid
    trap '' INT TERM
    for pid in ${pids[@]:+"${pids[@]}"}; do
        kill -s TERM "$pid" 2>/dev/null || true
    done
    for pid in ${pids[@]:+"${pids[@]}"}; do
        wait "$pid" 2>/dev/null || true
    done
    if [[ -f $scratch/cluster/settings ]]; then
        "$root/script/cluster" --dir "$scratch/cluster" destroy >/dev/null || true
    fi
    rm -rf "${scratch:?}"
}

# run_in_background LOG COMMAND...: its pid is $!.
run_in_background()
{
    local log=$1
    shift
    bound_to_script "$@" >"$log" 2>&1 &
    pids+=("$!")
}

ports_are_free()
{
    local port
    for port in "$@"; do
        ! port_is_taken "$port" || return 1
    done
}

# Ports of the cluster and of all the rest, below those that the kernel gives to clients.
choose_ports()
{
    local base
    while true; do
        base=$((12000 + RANDOM % 9000))
        if ports_are_free "$base" $((base + 1)) $((base + 2)) $((base + 10000)) \
            $((base + 10001)) $((base + 10002)) $((base + 3)) $((base + 4)) $((base + 5)) \
            $((base + 6)) $((base + 7)) $((base + 8)); then
            break
        fi
    done
    cluster_port=$base
    standalone_port=$((base + 3))
    slotway_port=$((base + 6))
    nutcracker_port=$((base + 7))
    statistics_port=$((base + 8))
}

answers_set()
{
    [[ $(timeout 2 redis-cli -h 127.0.0.1 -p "$1" set probe bench 2>/dev/null) == OK ]]
}

has_ended_or_answers()
{
    process_has_ended "$1" || answers_set "$2"
}

# require_answer NAME PID PORT LOG
require_answer()
{
    wait_until "$start_seconds" has_ended_or_answers "$2" "$3" && process_is_alive "$2" ||
        die "$1 does not start: $(tail -n 3 "$4")"
}

start_cluster()
{
    local i
    "$root/script/cluster" --dir "$scratch/cluster" --base-port "$cluster_port" \
        --nodes "$node_count" --password '' --set 'save ""' create >/dev/null
    for ((i = 0; i < node_count; i++)); do
        cluster_pids+=("$(cat "$scratch/cluster/$((cluster_port + i))/redis.pid")")
    done
}

start_standalone()
{
    local i port
    for ((i = 0; i < node_count; i++)); do
        port=$((standalone_port + i))
        run_in_background "$scratch/standalone-$port.log" redis-server --port "$port" \
            --bind 127.0.0.1 --save '' --appendonly no --dir "$scratch"
        standalone_pids+=("$!")
        require_answer redis-server "$!" "$port" "$scratch/standalone-$port.log"
    done
}

start_slotway()
{
    run_in_background "$scratch/slotway.log" "$slotway" --workers "$workers" --admin off \
        --listen "127.0.0.1:$slotway_port" --seed "127.0.0.1:$cluster_port"
    slotway_pid=$!
    require_answer slotway "$slotway_pid" "$slotway_port" "$scratch/slotway.log"
}

start_nutcracker()
{
    local i
    {
        printf 'bench:\n  listen: 127.0.0.1:%s\n  redis: true\n' "$nutcracker_port"
        printf '  hash: fnv1a_64\n  distribution: ketama\n  preconnect: true\n  servers:\n'
        for ((i = 0; i < node_count; i++)); do
            printf '    - 127.0.0.1:%s:1\n' $((standalone_port + i))
        done
    } >"$scratch/nutcracker.yaml"
    # Its default log level writes a line for each connection and doubles its cost.
    run_in_background "$scratch/nutcracker.log" nutcracker -c "$scratch/nutcracker.yaml" -v 4 \
        -a 127.0.0.1 -s "$statistics_port"
    nutcracker_pid=$!
    require_answer nutcracker "$nutcracker_pid" "$nutcracker_port" "$scratch/nutcracker.log"
}

is_target()
{
    [[ " ${targets[*]} " == *" $1 "* ]]
}

start_all()
{
    if is_target direct || is_target slotway; then
        start_cluster
    fi
    if is_target slotway; then
        start_slotway
    fi
    if is_target nutcracker; then
        start_standalone
        start_nutcracker
    fi
}
