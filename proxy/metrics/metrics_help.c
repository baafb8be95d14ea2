#include <stdio.h>

#include "proxy/metrics/metrics_parts.h"

/* The family with that number, of all there are; NULL behind the last. */
static const struct family *family_at(size_t number)
{
    size_t node_count;
    const struct family *nodes = metrics_node_families(&node_count);
    size_t field_count = metrics_field_count();

    if (number < field_count) {
        return metrics_field_family(number);
    }
    number -= field_count;
    if (number < FAMILY_COUNT) {
        return metrics_family_of((enum metrics_family)number);
    }
    number -= FAMILY_COUNT;
    return number < node_count ? &nodes[number] : NULL;
}

void metrics_print_help(FILE *to)
{
    const struct family *family;

    for (size_t at = 0; (family = family_at(at)) != NULL; at++) {
        fprintf(to, "%-44s %-9s %-13s %s\n", family->name, family->type, family->labels,
                family->help);
    }
}

static void print_reasons(FILE *to)
{
    fprintf(to, "\n## Reasons\n\n"
                "Values of the label `reason`.\n\n"
                "| reason | meaning |\n|---|---|\n");
    for (int reason = 0; reason < CLOSE_REASON_COUNT; reason++) {
        fprintf(to, "| `%s` | %s |\n", close_reason_name((enum close_reason)reason),
                close_reason_text((enum close_reason)reason));
    }
}

static void print_node_errors(FILE *to)
{
    static const struct {
        const char *code;
        const char *help;
    } rows[] = {
#define NODE_ERROR(symbol, code, help) {code, help},
#include "proxy/metrics/node_errors.def"
    };

    fprintf(to, "\n## Errors of nodes\n\n"
                "Values of the label `error` of `slotway_node_error_replies_total`. That of\n"
                "`slotway_error_replies_total` is one of [slotway's own "
                "errors](guarantees.md#errors).\n\n"
                "| error | meaning |\n|---|---|\n");
    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        fprintf(to, "| `%s` | %s |\n", rows[at].code, rows[at].help);
    }
}

void metrics_print_help_markdown(FILE *to)
{
    const struct family *family;

    fprintf(to,
            "# Metrics\n\n"
            "`/metrics` on the admin address serves these in the Prometheus text format. What\n"
            "several workers count is summed; of `slotway_topology_version` the lowest counts.\n"
            "[monitoring.md](monitoring.md) says what to watch. This page is what\n"
            "`slotway --help-metrics=markdown` prints.\n\n"
            "| name | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t at = 0; (family = family_at(at)) != NULL; at++) {
        fprintf(to, "| `%s` | %s | %s | %s |\n", family->name, family->type, family->labels,
                family->help);
    }
    print_reasons(to);
    print_node_errors(to);
}
