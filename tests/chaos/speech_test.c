/* Steps on the wire and back. */
#include <criterion/criterion.h>

#include "tests/chaos/speech.h"

static struct history history;

static void set_up(void)
{
    history = (struct history){.client = 3, .first = 100, .round = 1, .life = 2};
}

static void tear_down(void)
{
    history_clear(&history);
}

TestSuite(speech, .init = set_up, .fini = tear_down);

static void expect_request(const char *wanted)
{
    struct bytes request = {0};

    speech_request(&history, history.count - 1, &request);
    cr_expect_str_eq(request.at, wanted);
    bytes_clear(&request);
}

Test(speech, a_write_carries_who_wrote_it_with_which_step_to_which_key)
{
    history_add(&history, STEP_PUSH, key_of(1, ROLE_LIST_B));
    expect_request("*3\r\n$5\r\nRPUSH\r\n$13\r\n{3.2.1}list-b\r\n"
                   "$21\r\n0003.0000000100.0008;\r\n");
}

Test(speech, keys_of_several_slots_and_of_one)
{
    history_add(&history, STEP_DEL, key_of(OWN_TAGS - 1, ROLE_REGISTER_X))->reach = REACH_WIDE;
    expect_request("*4\r\n$3\r\nDEL\r\n$17\r\n{3.2.7}register-x\r\n$17\r\n{3.2.0}register-x\r\n"
                   "$17\r\n{3.2.1}register-x\r\n");
    history_add(&history, STEP_MGET, key_of(0, ROLE_REGISTER_X))->reach = REACH_SLOT;
    expect_request("*4\r\n$4\r\nMGET\r\n$17\r\n{3.2.0}register-x\r\n$17\r\n{3.2.0}register-y\r\n"
                   "$17\r\n{3.2.0}register-z\r\n");
}

struct reply_row {
    enum step_kind kind;
    const char *reply;
    enum answer answer;
    uint32_t number;
};

Test(speech, a_reply_is_understood_or_does_not_fit)
{
    static const struct reply_row rows[] = {
        {STEP_PUSH, ":7\r\n", ANSWER_FITS, 7},
        {STEP_PUSH, ":-7\r\n", ANSWER_MISFIT, 0},
        {STEP_PUSH, "+OK\r\n", ANSWER_MISFIT, 0},
        {STEP_CROSS_PUSH, "*2\r\n:4\r\n:5\r\n", ANSWER_FITS, 4},
        {STEP_CROSS_PUSH, "*1\r\n:4\r\n", ANSWER_MISFIT, 0},
        {STEP_SET, "+OK\r\n", ANSWER_FITS, 0},
        {STEP_SET, ":1\r\n", ANSWER_MISFIT, 0},
        {STEP_GET, "$-1\r\n", ANSWER_FITS, 0},
        {STEP_GET, "$21\r\n0003.0000000041.0004;\r\n", ANSWER_FITS, 41},
        {STEP_GET, "$21\r\n0003.0000000041.0005;\r\n", ANSWER_MISFIT, 0},
        {STEP_GET, "$21\r\n0004.0000000041.0004;\r\n", ANSWER_MISFIT, 0},
        {STEP_GET, "$42\r\n0003.0000000041.0004;0003.0000000041.0004;\r\n", ANSWER_MISFIT, 0},
        {STEP_GET, "$3\r\nabc\r\n", ANSWER_MISFIT, 0},
        {STEP_GET, "-MOVED 1 127.0.0.1:7000\r\n", ANSWER_TOPOLOGY, 0},
        {STEP_GET, "-ASK 1 127.0.0.1:7000\r\n", ANSWER_TOPOLOGY, 0},
        {STEP_GET, "-TRYAGAIN Multiple keys\r\n", ANSWER_TOPOLOGY, 0},
        {STEP_SET, "-ERR proxy: connection to 127.0.0.1:7000 lost after send, outcome unknown\r\n",
         ANSWER_UNKNOWN, 0},
        {STEP_GET, "-ERR proxy: no answer from 127.0.0.1:7000 in time\r\n", ANSWER_READ_FAILED, 0},
        {STEP_SET, "-ERR proxy: overloaded: too many requests wait for x\r\n", ANSWER_OVERLOADED,
         0},
        {STEP_SET, "-CLUSTERDOWN Hash slot not served\r\n", ANSWER_DOWN, 0},
        {STEP_SET,
         "-CLUSTERDOWN Hash slot not served (proxy: from a; 1 of 2 parts of this request were "
         "executed)\r\n",
         ANSWER_PARTLY, 0},
        {STEP_SET, "-WRONGTYPE no\r\n", ANSWER_OTHER_ERROR, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct step *step = history_add(&history, rows[i].kind, ROLE_REGISTER_X);
        size_t place = history.count - 1;
        speech_understand(&history, place, span_of(rows[i].reply));
        cr_expect_eq(step->answer, rows[i].answer, "row %zu: %s", i, answer_text(step->answer));
        cr_expect(step->answer != ANSWER_FITS || step->reply[0] == rows[i].number, "row %zu", i);
    }
}

Test(speech, a_value_of_any_size_is_whole_or_does_not_fit)
{
    struct token token = {3, 1, ROLE_REGISTER_X};
    struct bytes value = {0};
    struct bytes reply = {0};
    char text[TOKEN_SIZE + 1];

    while (token_times(token) < 1000) {
        token.number++;
    }
    token_print(token, text);
    for (uint32_t i = 0; i < token_times(token); i++) {
        bytes_add(&value, text, TOKEN_SIZE);
    }
    for (size_t spoilt = 0; spoilt <= value.size; spoilt += value.size / 3) {
        struct step *step = history_add(&history, STEP_GET, ROLE_REGISTER_X);

        bytes_clear(&reply);
        bytes_print(&reply, "$%zu\r\n%s\r\n", value.size, value.at);
        reply.at[reply.size - 3] ^= spoilt == value.size ? 1 : 0;
        reply.at[8 + spoilt] ^= spoilt > 0 && spoilt < value.size ? 1 : 0;
        speech_understand(&history, history.count - 1, (struct span){reply.at, reply.size});
        step = &history.steps[history.count - 1];
        cr_expect_eq(step->answer, spoilt == 0 ? ANSWER_FITS : ANSWER_MISFIT, "%zu", spoilt);
    }
    bytes_clear(&reply);
    bytes_clear(&value);
}

Test(speech, errors_of_one_kind_are_equal)
{
    char kind[64];

    speech_error_kind(SPAN("connection to 127.0.0.1:7000 lost"), kind, sizeof kind);
    cr_expect_str_eq(kind, "connection to N.N.N.N:N lost");
}
