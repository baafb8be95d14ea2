#include "tests/differential/finding.h"

#include <stdio.h>
#include <stdlib.h>

enum { HISTORY = 30, REPLY_SHOWN = 3000 };

static void print_reply(struct bytes *text, const char *who, const struct bytes *reply)
{
    bytes_print(text, "  %-8s ", who);
    bytes_add_escaped(text, (struct span){reply->at, size_min(reply->size, REPLY_SHOWN)});
    bytes_print(text, reply->size > REPLY_SHOWN ? " and so on\n" : "\n");
}

static void print_call(const struct finding *finding, size_t index, struct bytes *text)
{
    const struct stream *stream = finding->exam->stream;

    bytes_print(text, "    %6zu  ", index);
    stream_print(stream, &stream->calls[index], text);
}

/* Have they a key in common, or are they of one group when there are no keys? */
static bool belong_together(const struct stream *stream, const struct call *a, const struct call *b)
{
    return b->key_count == 0 ? a->shape->group == b->shape->group : stream_share_key(stream, a, b);
}

/* The last calls that belong together with it. */
static void print_history(const struct finding *finding, struct bytes *text)
{
    const struct stream *stream = finding->exam->stream;
    const struct call *call = &stream->calls[finding->index];
    size_t from = finding->index;

    for (size_t found = 0; from > 0 && found < HISTORY; from--) {
        found += belong_together(stream, &stream->calls[from - 1], call);
    }
    bytes_print(text, "  what was said of its %s before:\n",
                call->key_count == 0 ? "group" : "keys");
    for (size_t i = from; i < finding->index; i++) {
        if (belong_together(stream, &stream->calls[i], call)) {
            print_call(finding, i, text);
        }
    }
}

static void print_shortest(const struct finding *finding, struct bytes *text)
{
    size_t count;
    size_t *calls = finding_shrink(finding, &count);

    if (count == 0) {
        bytes_print(text, "  it does not show again\n");
    } else {
        bytes_print(text, "  it takes no more than this:\n");
        for (size_t i = 0; i < count; i++) {
            print_call(finding, calls[i], text);
        }
    }
    free(calls);
}

void finding_report(const struct finding *finding)
{
    const struct settings *settings = finding->settings;
    const struct stream *stream = finding->exam->stream;
    const struct call *call = &stream->calls[finding->index];
    struct bytes text = {0};

    bytes_print(&text, "\nDIFFERENT: seed %llu, RESP%u, round %u, command %zu, of %s\n  command  ",
                (unsigned long long)settings->seed, (unsigned)finding->protocol, finding->round,
                finding->index, group_of(call->shape->group)->name);
    stream_print(stream, call, &text);
    print_reply(&text, "twin", &finding->exam->said[SIDE_TWIN]);
    print_reply(&text, "slotway", &finding->exam->said[SIDE_SLOTWAY]);
    print_history(finding, &text);
    print_shortest(finding, &text);
    bytes_print(&text, "  again: script/differential --seed %llu --protocol %u --round %u",
                (unsigned long long)settings->seed, (unsigned)finding->protocol, finding->round);
    bytes_print(&text, " --length %u\n", settings->length);
    printf("%s", text.at);
    fflush(stdout);
    bytes_clear(&text);
}
