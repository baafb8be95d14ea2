/* verdict.h - what the judge found. */
#ifndef TESTS_CHAOS_VERDICT_H
#define TESTS_CHAOS_VERDICT_H

#include "tests/chaos/history.h"

#define RULES(ROW)                                                                                 \
    ROW(MISFIT, "a reply does not answer its request")                                             \
    ROW(TOPOLOGY, "a client was told of the cluster")                                              \
    ROW(ERROR, "an error that the disturbance does not excuse")                                    \
    ROW(HASTE, "an error before the request's time was over")                                      \
    ROW(CLOSED, "slotway closed a connection")                                                     \
    ROW(INVENTED, "a value that nobody wrote there")                                               \
    ROW(TWICE, "a write took effect twice")                                                        \
    ROW(ORDER, "writes of one connection took effect out of order")                                \
    ROW(SLOT_ORDER, "requests for one slot took effect out of order")                              \
    ROW(GHOST, "a write took effect that was refused")                                             \
    ROW(LOST, "an acknowledged write is gone")                                                     \
    ROW(HOLE, "a write is gone, and a later one that its node had acknowledged is there")          \
    ROW(STALE, "a read missed what its connection wrote before")                                   \
    ROW(NUMBER, "a number that the command cannot return")

enum rule {
#define ROW(symbol, text) RULE_##symbol,
    RULES(ROW)
#undef ROW
        RULE_COUNT
};

struct finding {
    enum rule rule;
    size_t history;
    size_t place; /* of the step; the history's length when it is about the end */
    uint16_t key;
    char text[200];
};

struct verdict {
    struct finding *findings;
    size_t count; /* all of them are counted, the first are kept */
    size_t by_rule[RULE_COUNT];
    uint64_t judged;     /* steps */
    uint64_t lost;       /* acknowledged writes lost to asynchronous replication */
    uint64_t delayed;    /* writes of unknown outcome that took effect late */
    uint64_t overtaken;  /* requests that overtook one of the same slot whose keys moved */
    uint64_t uncertain;  /* writes of unknown outcome */
    uint64_t took_place; /* and those among them that are seen to have taken effect */
};

/* How many findings are kept. */
enum { FINDINGS_KEPT = 20 };

/* Which step of which history, and which of its keys. */
struct place {
    size_t history;
    size_t step;
    uint16_t key;
};

/* Writes down a finding. */
void verdict_add(struct verdict *verdict, enum rule rule, struct place place, const char *format,
                 ...) PRINTF(4, 5);

/* A rule in words. */
const char *rule_text(enum rule rule);

void verdict_clear(struct verdict *verdict);

#endif
