# loads.sh - the loads of script/bench, and what the tools say of them. Sourced, never run.
# shellcheck shell=bash

# shellcheck source=bench/targets.sh
source "$(dirname "${BASH_SOURCE[0]}")/targets.sh"

# name, command, clients, pipeline, bytes of a value, keys, requests in percent, what it is.
# `mix` is memtier_benchmark's, the others are redis-benchmark's.
works_table='
get         get   50   1  64      16384   100   GET, 50 clients
set         set   50   1  64      16384   100   SET, 50 clients
get-c200    get   200  1  64      16384   100   GET, 200 clients
get-p16     get   50   16 64      16384   800   GET, 50 clients, pipeline 16
set-p16     set   50   16 64      16384   400   SET, 50 clients, pipeline 16
get-c1-p64  get   1    64 64      16384   800   GET, 1 client, pipeline 64
get-p64     get   50   64 64      16384   800   GET, 50 clients, pipeline 64
mget        mget  50   1  64      16384   30    MGET of 10 keys, 50 clients
get-16k     get   50   1  16384   512     40    GET of 16 KiB, 50 clients
set-16k     set   50   1  16384   512     40    SET of 16 KiB, 50 clients
get-256k    get   50   1  262144  64      5     GET of 256 KiB, 50 clients
set-256k    set   50   1  262144  64      5     SET of 256 KiB, 50 clients
mix         mix   50   1  64      16384   100   SET and GET 1:10, 50 clients (memtier)
mix-p16     mix   50   16 64      16384   400   SET and GET 1:10, 50 clients, pipeline 16 (memtier)
'
# From here on --cluster's one key a slot would be too much data; direct then asks one node.
large_bytes=16384
# What goes in front of the tool, to count; and a hash tag that the cluster's first node serves.
counter=()
near=''

# The fields of a work, which the functions below read.
work='' request='' clients='' pipeline='' bytes='' keys='' percent=''

use_work()
{
    work=$1
    read -r request clients pipeline bytes keys percent <<<"$(
        awk -v name="$work" '$1 == name { print $2, $3, $4, $5, $6, $7 }' <<<"$works_table")"
    head -c "$bytes" /dev/zero | tr '\0' v >"$scratch/value"
}

# How many requests a round of this work has, when a plain one has $1.
request_count()
{
    local count=$(($1 * percent / 100))
    echo $((count < clients * pipeline ? clients * pipeline : count))
}

port_of()
{
    case $1 in
    direct) echo "$cluster_port" ;;
    slotway) echo "$slotway_port" ;;
    nutcracker) echo "$nutcracker_port" ;;
    esac
}

# A hash tag whose slot the first node serves.
near_tag()
{
    local tag=0
    while [[ $(redis-cli -p "$cluster_port" cluster keyslot "$tag") -gt 5000 ]]; do
        tag=$((tag + 1))
    done
    echo "$tag"
}

# redis-benchmark puts a number in place of __rand_int__, and in a cluster a slot's tag in place of
# {tag}: one key for each slot then.
key_of()
{
    if [[ $1 != direct ]]; then
        echo "value-$bytes:__rand_int__"
    elif [[ $bytes -lt $large_bytes ]]; then
        echo "value-$bytes:{tag}"
    else
        echo "value-$bytes:{$near}:__rand_int__"
    fi
}

# redis_benchmark TARGET REQUESTS PIPELINE COMMAND: its own words. SET's value comes from stdin,
# as an argument may not be as large.
redis_benchmark()
{
    local target=$1 count=$2 depth=$3 words=() options=() key
    key=$(key_of "$target")
    case $4 in
    get) words=(GET "$key") ;;
    set) words=(SET "$key") && options=(-x) ;;
    mget) words=(MGET "$key" "$key" "$key" "$key" "$key" "$key" "$key" "$key" "$key" "$key") ;;
    esac
    if [[ $target == direct && $bytes -lt $large_bytes ]]; then
        options+=(--cluster --threads 1)
    fi
    ${counter[@]:+"${counter[@]}"} redis-benchmark -h 127.0.0.1 -p "$(port_of "$target")" \
        -c "$clients" -P "$depth" -n "$count" -r "$keys" ${options[@]:+"${options[@]}"} \
        "${words[@]}" <"$scratch/value"
}

# memtier TARGET REQUESTS PIPELINE RATIO PATTERN
memtier()
{
    local options=()
    if [[ $1 == direct ]]; then
        options=(--cluster-mode)
    fi
    ${counter[@]:+"${counter[@]}"} memtier_benchmark --server 127.0.0.1 --port "$(port_of "$1")" \
        --protocol redis --threads 1 --clients "$clients" --requests $(($2 / clients)) \
        --pipeline "$3" --ratio "$4" --key-pattern "$5" --key-maximum "$keys" --data-size "$bytes" \
        --hide-histogram --print-percentiles 50,99,99.9 ${options[@]:+"${options[@]}"}
}

# load TARGET REQUESTS: runs it; what the tool says is in $scratch/said.
load()
{
    local status=0
    if [[ $request == mix ]]; then
        memtier "$1" "$2" "$pipeline" 1:10 R:R >"$scratch/said" 2>"$scratch/complaints" || status=$?
    else
        redis_benchmark "$1" "$2" "$pipeline" "$request" >"$scratch/said" \
            2>"$scratch/complaints" || status=$?
    fi
    [[ $status -eq 0 ]] ||
        die "$work against $1 failed (exit $status): $(tail -n 2 "$scratch/complaints")"
}

# Every key gets its value: twelve random writes a key leave next to none out.
fill()
{
    local kept=$request depth=$pipeline
    if [[ $request == mix ]]; then
        memtier "$1" $((keys * 2)) 16 1:0 P:P >"$scratch/said" 2>&1 ||
            die "memtier_benchmark cannot fill $1: $(tail -n 2 "$scratch/said")"
        return
    fi
    request='set'
    pipeline=$((bytes < large_bytes ? 16 : 1))
    load "$1" $((keys * 12))
    request=$kept
    pipeline=$depth
}

# Requests a second, and the latencies in milliseconds that half, 99 % and 99.9 % stay below.
figures()
{
    if [[ $request == mix ]]; then
        awk '
            $1 == "Type" { for (i = 1; i <= NF; i++) if ($i != "Latency") name[++n] = $i }
            $1 == "Totals" {
                for (i = 1; i <= n; i++) value[name[i]] = $i
                print value["Ops/sec"], value["p50"], value["p99"], value["p99.9"]
            }' "$scratch/said"
    else
        tr '\r' '\n' <"$scratch/said" | awk '
            /^Cumulative/ { over = 1 }
            /^[0-9.]+% <=/ && !over && $1 + 0 >= 99.9 && p999 == "" { p999 = $3 }
            /throughput summary/ { rate = $3 }
            /latency summary/ { getline; getline; p50 = $3; p99 = $5 }
            END { print rate, p50, p99, p999 }'
    fi
}
