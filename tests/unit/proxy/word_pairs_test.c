#include "proxy/word_pairs.h"

#include <criterion/criterion.h>

static const struct {
    const char *line;
    const char *expected;
} rows[] = {
    {"", "{}"},
    {"id=5 fd=9\n", "{\"id\":5,\"fd\":9}"},
    {"multi=-1", "{\"multi\":-1}"},
    {"name= lib-ver=", "{\"name\":\"\",\"lib-ver\":\"\"}"},
    {"name=123 id=123", "{\"name\":\"123\",\"id\":123}"},
    {"id=0123", "{\"id\":\"0123\"}"},
    {"addr=127.0.0.1:50 cmd=client|list", "{\"addr\":\"127.0.0.1:50\",\"cmd\":\"client|list\"}"},
    {"laddr=/tmp/a path with x:0 fd=3", "{\"laddr\":\"/tmp/a path with x:0\",\"fd\":3}"},
    {"name=a=b fd=3", "{\"name\":\"a=b\",\"fd\":3}"},
    {"name=\"</script> \xff fd=3", "{\"name\":\"\\\"</script> \\ufffd\",\"fd\":3}"},
    {"not a pair", "{}"},
};

Test(word_pairs, become_members)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json json;

        json_init(&json);
        json_begin_object(&json, NULL);
        word_pairs_write(span_of(rows[i].line), &json);
        json_end_object(&json);
        cr_expect(span_equal(json_span(&json), span_of(rows[i].expected)), "%s became %.*s",
                  rows[i].line, (int)json.size, json.bytes);
        json_clear(&json);
    }
}
