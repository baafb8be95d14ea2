#!/usr/bin/env bash
# tests/clients/redis_cli.sh: redis-cli, in both protocols, and as scripts use it.
set -euo pipefail

export REDISCLI_AUTH=$CLIENT_TEST_PASSWORD
cli=(redis-cli --no-auth-warning -h "$CLIENT_TEST_HOST" -p "$CLIENT_TEST_PORT")

# step NAME EXPECTED COMMAND...: what the command prints.
step()
{
    local name=$1 expected=$2 actual
    shift 2
    actual=$("$@" 2>&1) || actual+=" (status $?)"
    if [[ $actual == "$expected" ]]; then
        echo "ok $name"
    else
        echo "failed $name: '${actual:0:300}' is not '$expected'"
    fi
}

mass_insertion()
{
    local i
    for ((i = 0; i < 10000; i++)); do
        printf 'SET mass:%d %d\r\n' "$i" "$i"
    done | "${cli[@]}" --pipe | tail -n 1
}

json_of_a_hash()
{
    "${cli[@]}" hset user name Ada >/dev/null
    "${cli[@]}" --json hgetall user
}

several_lines()
{
    printf 'set {t}a 1\nmulti\nincr {t}a\nget {t}a\nexec\n' | "${cli[@]}" | tail -n 2 | paste -sd' '
}

scan_of_all()
{
    "${cli[@]}" --scan --pattern 'mass:*' | sort -u | wc -l
}

subscription()
{
    local channel
    coproc timeout 20 "${cli[@]}" subscribe news
    # shellcheck disable=SC2154
    read -r _ <&"${COPROC[0]}"
    read -r channel <&"${COPROC[0]}"
    read -r _ <&"${COPROC[0]}"
    "${cli[@]}" publish news extra >/dev/null
    read -r _ <&"${COPROC[0]}"
    read -r channel <&"${COPROC[0]}"
    read -r word <&"${COPROC[0]}"
    kill "$COPROC_PID"
    echo "$channel $word"
}

# The first line is the answer to MONITOR; time and address are left out.
monitoring()
{
    local line
    coproc timeout 20 "${cli[@]}" monitor
    # shellcheck disable=SC2154
    read -r _ <&"${COPROC[0]}"
    "${cli[@]}" echo watched >/dev/null
    while [[ ${line:-} != *watched* ]]; do
        read -r line <&"${COPROC[0]}"
    done
    kill "$COPROC_PID"
    echo "${line#*] }"
}

big_keys()
{
    "${cli[@]}" --bigkeys | grep -c "Sampled 10"
}

blocking_pop()
{
    "${cli[@]}" rpush list a >/dev/null
    "${cli[@]}" blpop list 5 | paste -sd' '
}

script_file()
{
    echo "return {KEYS[1], ARGV[1]}" >script.lua
    "${cli[@]}" --eval script.lua key , word | paste -sd' '
}

again()
{
    "$CLIENT_TEST_RESTART"
    "${cli[@]}" get mass:7
}

echo "version $(redis-cli --version | awk '{ print $2 }')"
step connect PONG "${cli[@]}" ping
step RESP3 PONG "${cli[@]}" -3 ping
step url PONG redis-cli --no-auth-warning -u "redis://default:$REDISCLI_AUTH@$CLIENT_TEST_HOST:$CLIENT_TEST_PORT" ping
step 'mass insertion' 'errors: 0, replies: 10000' mass_insertion
step json '{"name":"Ada"}' json_of_a_hash
step 'standard input' OK bash -c 'echo set x 1 | "$@"' _ "${cli[@]}"
step transaction '2 2' several_lines
step 'script file' 'key word' script_file
step blocking 'list a' blocking_pop
step pubsub 'news extra' subscription
step monitor '"echo" "watched"' monitoring
step scan 10000 scan_of_all
step bigkeys 1 big_keys
step restart 7 again
