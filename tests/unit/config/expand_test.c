#include "config/expand.h"
#include "tests/unit/config/fixture.h"

static const struct {
    const char *text;
    enum expand_result result;
    const char *expanded; /* or what is to blame, which is not shown of a bad form */
} samples[] = {
    {"", EXPAND_OK, ""},
    {"plain", EXPAND_OK, "plain"},
    {"${EXPAND_A}", EXPAND_OK, "one"},
    {"<${EXPAND_A}-${EXPAND_B2}>", EXPAND_OK, "<one-two ${EXPAND_A}>"},
    {"${EXPAND_EMPTY}", EXPAND_OK, ""},
    {"$${EXPAND_A}", EXPAND_OK, "${EXPAND_A}"},
    {"$$${EXPAND_A}", EXPAND_OK, "$${EXPAND_A}"},
    {"$EXPAND_A", EXPAND_OK, "$EXPAND_A"},
    {"cost: 5$", EXPAND_OK, "cost: 5$"},
    {"a$$b", EXPAND_OK, "a$$b"},
    {"x${EXPAND_NOT_SET}y", EXPAND_UNSET, "EXPAND_NOT_SET"},
    {"x${EXPAND_A", EXPAND_BAD_FORM, NULL},
    {"${", EXPAND_BAD_FORM, NULL},
    {"${}", EXPAND_BAD_FORM, NULL},
    {"${1A}", EXPAND_BAD_FORM, NULL},
    {"${A B}", EXPAND_BAD_FORM, NULL},
    {"${A:-x}", EXPAND_BAD_FORM, NULL},
};

Test(expand, samples)
{
    setenv("EXPAND_A", "one", 1);
    setenv("EXPAND_B2", "two ${EXPAND_A}", 1);
    setenv("EXPAND_EMPTY", "", 1);
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *expanded = NULL;
        cr_expect_eq(expand(samples[i].text, &expanded), samples[i].result, "%s", samples[i].text);
        if (samples[i].expanded == NULL) {
            cr_expect_null(expanded);
        } else {
            cr_expect_str_eq(expanded, samples[i].expanded);
        }
        free(expanded);
    }
}

Test(expand, has_an_end)
{
    char value[EXPAND_BYTES_MAX / 2 + 1];
    char *expanded = NULL;

    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    setenv("EXPAND_LONG", value, 1);
    cr_expect_eq(expand("${EXPAND_LONG}${EXPAND_LONG}", &expanded), EXPAND_OK);
    cr_expect_eq(strlen(expanded), EXPAND_BYTES_MAX);
    free(expanded);
    cr_expect_eq(expand("${EXPAND_LONG}${EXPAND_LONG}${EXPAND_LONG}", &expanded), EXPAND_TOO_LONG);
    cr_expect_str_eq(expanded, "EXPAND_LONG");
    free(expanded);
}
