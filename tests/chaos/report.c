#include "tests/chaos/report.h"

#include <stdio.h>

#include "tests/chaos/chronicle.h"

enum { SHOWN = 5, NEIGHBOURS = 6 };

void report_round(uint32_t round, enum disturbance_kind kind, const struct nemesis *nemesis,
                  const struct verdict *verdict)
{
    printf("round %u: %s %u times, %llu requests, %llu of unknown outcome (%llu seen to have taken "
           "effect, %llu late), %llu lost to asynchronous replication, %llu overtaken, "
           "%zu violations\n",
           round, disturbance_name(kind), nemesis->done, (unsigned long long)verdict->judged,
           (unsigned long long)verdict->uncertain, (unsigned long long)verdict->took_place,
           (unsigned long long)verdict->delayed, (unsigned long long)verdict->lost,
           (unsigned long long)verdict->overtaken, verdict->count);
    fflush(stdout);
}

static void print_token(const struct token *token, struct bytes *text)
{
    bytes_print(text, " %u/%u", token->client, token->number);
}

/* What the key holds around the step, as client/number. */
static void print_content(const struct content *content, uint32_t number, struct bytes *text)
{
    uint32_t at = 0;

    if (content->count == 0) {
        bytes_print(text, "    holds %u\n", content->number);
        return;
    }
    while (at + 1 < content->count && content->tokens[at].number < number) {
        at++;
    }
    uint32_t from = at > NEIGHBOURS ? at - NEIGHBOURS : 0;
    uint32_t end = (uint32_t)size_min(content->count, at + NEIGHBOURS);
    bytes_print(text, "    holds %u elements; from element %u on:", content->count, from + 1);
    for (uint32_t i = from; i < end; i++) {
        print_token(&content->tokens[i], text);
    }
    bytes_print(text, "%s\n", content->is_torn ? ", and something that nobody writes" : "");
}

static void print_finding(const struct trial *trial, const struct finding *finding,
                          struct bytes *text)
{
    const struct history *history = &trial->histories[finding->history];
    char name[KEY_NAME_SIZE];

    key_name(history, finding->key, name);
    bytes_print(text, "VIOLATION: %s: client %u, number %u, key %s (slot %u): %s\n",
                rule_text(finding->rule), history->client, history_number(history, finding->place),
                name, key_slot(history, finding->key), finding->text);
    history_print(history, finding->key, finding->place, text);
    print_content(contents_of(trial->contents, finding->history, finding->key),
                  history_number(history, finding->place), text);
}

static void print_losses(const struct trial *trial, struct bytes *text)
{
    for (size_t i = 0; i < trial->loss_count; i++) {
        bytes_print(text, "    a primary was lost between %u and %u ms\n", trial->losses[i].from_ms,
                    trial->losses[i].until_ms);
    }
}

void report_findings(const struct settings *settings, const struct trial *trial,
                     const struct verdict *verdict)
{
    struct bytes text = {0};

    bytes_print(&text, "\n%zu violations, with --seed %llu:\n", verdict->count,
                (unsigned long long)settings->seed);
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (verdict->by_rule[rule] > 0) {
            bytes_print(&text, "    %8zu  %s\n", verdict->by_rule[rule],
                        rule_text((enum rule)rule));
        }
    }
    for (size_t i = 0; i < size_min(verdict->count, SHOWN); i++) {
        bytes_print(&text, "\n");
        print_finding(trial, &verdict->findings[i], &text);
    }
    bytes_print(&text, "\nwhat was done to the cluster:\n");
    print_losses(trial, &text);
    chronicle_print(&text);
    fwrite(text.at, 1, text.size, stdout);
    fflush(stdout);
    bytes_clear(&text);
}

void report_errors(const struct workload *workload)
{
    struct bytes text = {0};

    workload_print_errors(workload, &text);
    printf("clients were told:\n%s", text.at);
    bytes_clear(&text);
}

void report_metrics(const struct subject *subject)
{
    static const char *const names[] = {
        "redirect_moved_total",       "redirect_ask_total",     "redirect_tryagain_total",
        "redirect_clusterdown_total", "redirect_loading_total", "redirect_readonly_total",
        "retry_unsent_total",         "retry_read_total",       "outcome_unknown_total",
        "late_replies_total",         "waited_total",           "timeouts_total",
        "upstream_connections_total", "upstream_lost_total",    "topology_adopted_total",
    };

    printf("slotway counted:");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        printf("%s %s %lld", i % 5 == 0 ? "\n   " : ",", names[i],
               subject_metric(subject, names[i]));
    }
    printf("\n");
}

static void print_disturbances(const struct nemesis *nemesis)
{
    printf("disturbances:");
    for (int kind = 0; kind < DISTURBANCE_COUNT; kind++) {
        if (nemesis->done_by_kind[kind] > 0) {
            printf(" %s %llu", disturbance_name((enum disturbance_kind)kind),
                   (unsigned long long)nemesis->done_by_kind[kind]);
        }
    }
    printf("\n");
}

void report_totals(const struct settings *settings, const struct nemesis *nemesis,
                   const struct totals *totals)
{
    const struct recovery *recovery = &totals->recovery;

    print_disturbances(nemesis);
    printf(
        "after a takeover: %llu slots asked for, first answer after %.1f ms on average, %u ms at "
        "most\n",
        (unsigned long long)recovery->slots,
        recovery->slots == 0 ? 0.0 : (double)recovery->sum_ms / (double)recovery->slots,
        recovery->longest_ms);
    printf("slotway: %d descriptors before, %d after (at most %d); %ld KB before, %ld KB after\n",
           totals->fds_before, totals->fds_after, totals->fds_allowed, totals->kb_before,
           totals->kb_after);
    printf(
        "%llu of unknown outcome, %llu of them seen to have taken effect, %llu late; %llu lost to "
        "asynchronous replication; %llu overtaken while keys moved\n",
        (unsigned long long)totals->uncertain, (unsigned long long)totals->took_place,
        (unsigned long long)totals->delayed, (unsigned long long)totals->lost,
        (unsigned long long)totals->overtaken);
    printf("seed %llu: %u rounds, %llu requests, %llu violations\n",
           (unsigned long long)settings->seed, totals->rounds, (unsigned long long)totals->requests,
           (unsigned long long)totals->findings);
}
