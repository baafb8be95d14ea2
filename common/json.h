/* json.h - JSON as it is written: one value behind the other, commas and quotes where they belong.
 *
 *      json_begin_object(&json, NULL);            {
 *      json_add_text(&json, "name", name);         "name":"a \"b\"",
 *      json_begin_array(&json, "slots");           "slots":[
 *      json_add_number(&json, NULL, 5);              5
 *      json_end_array(&json);                      ]
 *      json_end_object(&json);                    }
 *
 * `name` is the member's name inside of an object, a literal that needs no escapes, and NULL inside
 * of an array and at the top. Texts may hold anything: what is no UTF-8 becomes U+FFFD. The bytes
 * are the allocator's, not blocks, so that a document may be begun in one thread and go on in
 * another. Belongs to whoever declares it.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/span.h"

struct json {
    char *bytes;
    size_t size;
    size_t capacity;
    bool is_behind; /* a value stands right before what comes next: a comma goes between */
};

void json_init(struct json *json);
void json_clear(struct json *json);

/* What has been written so far; lent until the next value. */
struct span json_span(const struct json *json);

/* Each begin has its end, when as many values are inside as are wanted. */
void json_begin_object(struct json *json, const char *name);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *name);
void json_end_array(struct json *json);

/* Behind a whole value: what comes next is another, on a line of its own. */
void json_end_line(struct json *json);

/* A string; NULL is null. */
void json_add_text(struct json *json, const char *name, const char *text);
void json_add_span(struct json *json, const char *name, struct span text);

/* A string of which at most `most` bytes are written, and no part of a character. Returns whether
 * it was longer. */
bool json_add_start(struct json *json, const char *name, struct span text, size_t most);

/* A string that is printed first. */
void json_add_print(struct json *json, const char *name, const char *format, ...) PRINTF(3, 4);

/* JSON has one kind of number. What is none, as the share of nothing, is null. */
void json_add_number(struct json *json, const char *name, uint64_t number);
void json_add_signed(struct json *json, const char *name, int64_t number);
void json_add_real(struct json *json, const char *name, double number);

/* What else there is. */
void json_add_bool(struct json *json, const char *name, bool value);
void json_add_null(struct json *json, const char *name);

/* A value that is JSON already. */
void json_add_value(struct json *json, const char *name, struct span value);

#endif
