# table.awk - the rounds of script/bench as one table of medians.
#
# Reads a line "NAME TITLE" for each work, an empty line, and the results as CSV. The last column
# compares the CPU time of proxies: in each round against nutcracker in the same round, and the
# median of that, which shakes off what else the machine does.

function median(values, count,    i, j, swap)
{
    for (i = 2; i <= count; i++) {
        for (j = i; j > 1 && values[j - 1] > values[j]; j--) {
            swap = values[j]
            values[j] = values[j - 1]
            values[j - 1] = swap
        }
    }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

# The median of a column over all rounds of a work and target; "-" where there are no figures.
function middle(work, target, column, form,    round, count, values)
{
    for (round = 1; round <= rounds; round++) {
        if (cell[work, target, round, column] ~ /^[0-9.]+$/) {
            values[++count] = cell[work, target, round, column] + 0
        }
    }
    return count ? sprintf(form, median(values, count)) : "-"
}

function ratio(work, target,    round, count, values, base, own)
{
    for (round = 1; round <= rounds; round++) {
        own = cell[work, target, round, "proxy_cpu_us"]
        base = cell[work, "nutcracker", round, "proxy_cpu_us"]
        if (own ~ /^[0-9.]+$/ && base + 0 > 0) {
            values[++count] = own / base
        }
    }
    return count ? sprintf("%.2f", median(values, count)) : "-"
}

function row(work, target, rate, p50, p99, p999, proxy, servers, calls, relative)
{
    if (markdown) {
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", \
            work, target, rate, p50, p99, p999, proxy, servers, calls, relative
    } else {
        printf "%-34s %-11s %10s %7s %7s %8s %9s %11s %6s %6s\n", \
            work, target, rate, p50, p99, p999, proxy, servers, calls, relative
    }
}

function result(work, target)
{
    row(title[work], target, \
        middle(work, target, "requests_per_second", "%.0f"), \
        middle(work, target, "p50_ms", "%.2f"), \
        middle(work, target, "p99_ms", "%.2f"), \
        middle(work, target, "p99.9_ms", "%.2f"), \
        middle(work, target, "proxy_cpu_us", "%.2f"), \
        middle(work, target, "servers_cpu_us", "%.2f"), \
        middle(work, target, "calls", "%.2f"), \
        ratio(work, target))
}

NF == 0 {
    FS = ","
    in_results = 1
    next
}

!in_results {
    name = $1
    $1 = ""
    gsub(/^ +| +$/, "")
    title[name] = $0
    next
}

$1 == "work" {
    for (i = 1; i <= NF; i++) {
        column[i] = $i
    }
    next
}

{
    if (!(($1, $2) in seen)) {
        seen[$1, $2] = 1
        order[++lines] = $1 SUBSEP $2
    }
    for (i = 4; i <= NF; i++) {
        cell[$1, $2, $3, column[i]] = $i
    }
    rounds = $3 > rounds ? $3 + 0 : rounds
}

END {
    row("work", "target", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "proxy us", "servers us", \
        "calls", "ratio")
    if (markdown) {
        print "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    }
    for (i = 1; i <= lines; i++) {
        split(order[i], part, SUBSEP)
        result(part[1], part[2])
    }
}
