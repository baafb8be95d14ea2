#include "proxy/upstream/label.h"

#include <stdio.h>
#include <unistd.h>

#include "common/resp_write.h"

#define DEFAULT_NAME "slotway"

enum { VALUE_SIZE = 128 };

/* What stands for `{word}`; the word itself for one that nobody knows. */
static void print_value(const struct pool_config *config, struct span word, char value[VALUE_SIZE])
{
    value[0] = '\0';
    if (span_equal(word, SPAN("{pool}"))) {
        snprintf(value, VALUE_SIZE, "%s", config->name);
    } else if (span_equal(word, SPAN("{host}"))) {
        if (gethostname(value, VALUE_SIZE) != 0) {
            snprintf(value, VALUE_SIZE, "unknown");
        }
        value[VALUE_SIZE - 1] = '\0';
    } else if (span_equal(word, SPAN("{pid}"))) {
        snprintf(value, VALUE_SIZE, "%d", (int)getpid());
    } else if (span_equal(word, SPAN("{version}"))) {
        snprintf(value, VALUE_SIZE, "%s", SLOTWAY_VERSION);
    } else {
        snprintf(value, VALUE_SIZE, "%.*s", (int)word.size, word.at);
    }
}

/* Up to the end of `{word}`, or of what stands before the next one. */
static struct span next_piece(const char *at)
{
    size_t size = *at == '{' ? strcspn(at, "}") : strcspn(at, "{");

    return (struct span){at, size + (*at == '{' && at[size] == '}')};
}

static void replace_odd(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~') {
            *text = '_';
        }
    }
}

const char *label_print(const struct pool_config *config, char text[LABEL_SIZE])
{
    const char *at =
        config->backend_client_name == NULL ? DEFAULT_NAME : config->backend_client_name;
    size_t used = 0;

    text[0] = '\0';
    while (*at != '\0' && used + 1 < LABEL_SIZE) {
        struct span piece = next_piece(at);
        char value[VALUE_SIZE];

        print_value(config, piece, value);
        snprintf(text + used, LABEL_SIZE - used, "%s", value);
        used += strlen(text + used);
        at += piece.size;
    }
    replace_odd(text);
    return text;
}

static void write_info(const char *option, const char *value, struct sendq *output)
{
    const struct span words[] = {SPAN("CLIENT"), SPAN("SETINFO"), span_of(option), span_of(value)};

    resp_write_request(output, words, ARRAY_LEN(words));
}

uint8_t label_write(const struct pool_config *config, struct sendq *output)
{
    char text[LABEL_SIZE];
    const struct span name[] = {SPAN("CLIENT"), SPAN("SETNAME"),
                                span_of(label_print(config, text))};

    resp_write_request(output, name, ARRAY_LEN(name));
    if (!config->backend_client_info) {
        return 1;
    }
    write_info("lib-name", "slotway", output);
    write_info("lib-ver", SLOTWAY_VERSION, output);
    return 3;
}
