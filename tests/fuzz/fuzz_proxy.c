/* fuzz_proxy.c - a worker between clients and nodes that the input plays: who asks what, who
 * answers how, in which pieces, who leaves, and when time passes.
 *
 *      [ rules | owners ][ step | what it needs ][ step | what it needs ] ...
 *
 * However it goes: each client is told one fair reply for each request, in order; no write that a
 * node may have executed comes to a node again; writes of one client for one slot are executed in
 * order; and when all is well again, everybody is served and nothing is left behind.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proxy/world.h"

enum {
    STEPS_MAX = 500,
    UIDS_KEPT = 8, /* for the end */
    WHERE_COUNT = NODES + 2,
    LONG_WAIT_TURNS = 15,
    LONG_WAIT_STEP_US = 80 * US_PER_MS,
};

enum step {
    STEP_ASK,
    STEP_ASK_NOW,
    STEP_SEND,
    STEP_TURN,
    STEP_SEND_ALL,
    STEP_ANSWER,
    STEP_ANSWER_NOW,
    STEP_DELIVER,
    STEP_ANSWER_ALL,
    STEP_HANG_UP,
    STEP_MODE,
    STEP_PICTURE,
    STEP_WAIT,
    STEP_LEAVE,
    STEP_SHUT,
    STEP_DEAF,
    STEP_BABBLE,
    STEP_BLURT,
    STEP_GIBBER,
    STEP_COUNT,
};

struct play {
    const uint8_t *at;
    const uint8_t *end;
};

static struct world world;

static uint8_t next(struct play *script)
{
    return script->at == script->end ? 0 : *script->at++;
}

static struct span next_text(struct play *script)
{
    size_t wanted = next(script);
    size_t size = size_min(wanted, (size_t)(script->end - script->at));
    struct span text = {(const char *)script->at, size};

    script->at += size;
    return text;
}

static size_t next_size(struct play *script)
{
    uint8_t size = next(script);

    return size == 0 ? SIZE_MAX : size;
}

static size_t next_talker(struct play *script)
{
    return next(script) % (TALKERS - 1);
}

static void step_ask(struct play *script, bool now)
{
    uint8_t what = next(script);
    uint8_t tags = next(script);
    size_t number = what % (TALKERS - 1);

    if (world.ledger.last_uid + UIDS_KEPT > LEDGER_UIDS) {
        return;
    }
    world_ask(&world, number, (enum asked_kind)(what / (TALKERS - 1) % ASKED_COUNT), tags);
    if (now) {
        talker_deliver(&world.talkers[number], SIZE_MAX);
    }
}

static void step_send_all(void)
{
    for (size_t i = 0; i < TALKERS; i++) {
        if (world.talkers[i].fd >= 0) {
            talker_deliver(&world.talkers[i], SIZE_MAX);
        }
    }
    world_turn(&world);
    world_turn(&world);
}

static void step_answer(struct play *script, bool now)
{
    struct line *line = world_line(&world, next(script));
    uint8_t what = next(script);

    if (line == NULL) {
        return;
    }
    line_answer(&world.nodes, line, (enum answer)(what % ANSWER_COUNT),
                what / ANSWER_COUNT % WHERE_COUNT);
    if (now) {
        line_deliver(&world.nodes, line, SIZE_MAX);
        world_turn(&world);
    }
}

/* What comes with the name of a line; the name is all there is when no line is there. */
static void step_blurt(struct play *script, struct line *line)
{
    static const struct span replies[] = {
        SPAN("+OK\r\n"),        SPAN("$-1\r\n"),
        SPAN(":7\r\n"),         SPAN("-MOVED 3300 127.0.0.1:7002\r\n"),
        SPAN("-ERR early\r\n"), SPAN("*1\r\n+early\r\n")};

    line_blurt(&world.nodes, line, replies[next(script) % ARRAY_LEN(replies)], true);
}

static void step_on_line(struct play *script, enum step step)
{
    struct line *line = world_line(&world, next(script));

    if (line == NULL) {
        return;
    }
    if (step == STEP_DELIVER) {
        line_deliver(&world.nodes, line, next_size(script));
    } else if (step == STEP_ANSWER_ALL) {
        line_answer_all(&world.nodes, line);
    } else if (step == STEP_HANG_UP) {
        line_close(&world.nodes, line, next(script));
    } else if (step == STEP_BLURT) {
        step_blurt(script, line);
    } else {
        line_blurt(&world.nodes, line, next_text(script), false);
    }
}

static void step_on_talker(struct play *script, enum step step)
{
    struct talker *talker = world_talker(&world, next_talker(script));

    if (step == STEP_SEND) {
        talker_deliver(talker, next_size(script));
    } else if (step == STEP_LEAVE) {
        talker_close(talker);
    } else if (step == STEP_SHUT) {
        talker_shut(talker);
    } else if (step == STEP_DEAF) {
        talker->is_deaf = !talker->is_deaf;
        talker->was_deaf = true;
    } else {
        talker_babble(talker, next_text(script));
    }
}

static void step_picture(struct play *script)
{
    uint8_t owners[LEDGER_SLOTS];
    uint8_t who = next(script);
    uint8_t unserved = next(script);

    for (uint8_t tag = 0; tag < LEDGER_SLOTS; tag++) {
        bool is_served = unserved < 128 || ((unserved >> tag) & 1) == 0;

        owners[tag] = WORLD_NOBODY;
        if (is_served) {
            owners[tag] = (uint8_t)((who >> (2 * tag)) % NODES);
        }
    }
    world_adopt(&world, owners);
}

/* The loop stands still for so long; or the long wait, in which it turns. */
static void step_wait(struct play *script)
{
    static const uint16_t delays_ms[] = {1, 5, 20, 50, 90, 150, 400};
    uint8_t which = next(script) % (ARRAY_LEN(delays_ms) + 1);

    if (which < ARRAY_LEN(delays_ms)) {
        world_wait(&world, delays_ms[which] * (uint64_t)US_PER_MS);
        world_turn(&world);
        return;
    }
    for (int i = 0; i < LONG_WAIT_TURNS; i++) {
        world_wait(&world, LONG_WAIT_STEP_US);
        world_turn(&world);
    }
}

static void step_mode(struct play *script)
{
    uint8_t what = next(script);

    world.nodes.modes[what % NODES] = (enum node_mode)(what / NODES % NODE_MODE_COUNT);
}

static void take_step(struct play *script)
{
    enum step step = (enum step)(next(script) % STEP_COUNT);

    switch (step) {
    case STEP_ASK: step_ask(script, false); return;
    case STEP_ASK_NOW: step_ask(script, true); return;
    case STEP_TURN: world_turn(&world); return;
    case STEP_SEND_ALL: step_send_all(); return;
    case STEP_ANSWER: step_answer(script, false); return;
    case STEP_ANSWER_NOW: step_answer(script, true); return;
    case STEP_MODE: step_mode(script); return;
    case STEP_PICTURE: step_picture(script); return;
    case STEP_WAIT: step_wait(script); return;
    case STEP_DELIVER:
    case STEP_ANSWER_ALL:
    case STEP_HANG_UP:
    case STEP_BLURT:
    case STEP_GIBBER: step_on_line(script, step); return;
    case STEP_SEND:
    case STEP_LEAVE:
    case STEP_SHUT:
    case STEP_DEAF:
    case STEP_BABBLE: step_on_talker(script, step); return;
    case STEP_COUNT: return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct play script = {bytes, bytes + size};
    uint8_t rules = next(&script);

    world_open(&world, &(struct world_rules){
                           .has_two_connections = rules & 1,
                           .has_short_pipeline = rules & 2,
                           .has_few_in_flight = rules & 4,
                           .has_few_waiting = rules & 8,
                           .has_tight_talkers = rules & 16,
                       });
    if ((rules & 32) == 0) {
        step_picture(&script);
    }
    for (int i = 0; i < STEPS_MAX && script.at < script.end; i++) {
        take_step(&script);
    }
    world_settle(&world);
    world_close(&world);
    return 0;
}
