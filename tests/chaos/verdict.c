#include "tests/chaos/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

static const char *const rule_texts[] = {
#define ROW(symbol, text) text,
    RULES(ROW)
#undef ROW
};

const char *rule_text(enum rule rule)
{
    CHECK(rule < RULE_COUNT);
    return rule_texts[rule];
}

void verdict_add(struct verdict *verdict, enum rule rule, struct place place, const char *format,
                 ...)
{
    va_list list;

    verdict->by_rule[rule]++;
    if (verdict->count++ >= FINDINGS_KEPT) {
        return;
    }
    if (verdict->findings == NULL) {
        verdict->findings = memory_new(FINDINGS_KEPT, sizeof *verdict->findings);
    }
    struct finding *finding = &verdict->findings[verdict->count - 1];
    *finding = (struct finding){
        .rule = rule, .history = place.history, .place = place.step, .key = place.key};
    va_start(list, format);
    vsnprintf(finding->text, sizeof finding->text, format, list);
    va_end(list);
}

void verdict_clear(struct verdict *verdict)
{
    free(verdict->findings);
    *verdict = (struct verdict){0};
}
