#include "common/log_pairs.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/check.h"

enum length { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE, LENGTH_MAX };

enum {
    FLAGS_MAX = 16,
    FLAGS_ROOM = 64,
};

/* One conversion: "%-*.3ld" is flags "%-8.3" with the width from the arguments, LONG, 'd'. */
struct conversion {
    char flags[FLAGS_ROOM];
    size_t flags_size;
    enum length length;
    char letter;
};

static void put_flag(struct conversion *conversion, char flag)
{
    CHECK(conversion->flags_size < FLAGS_MAX);
    conversion->flags[conversion->flags_size++] = flag;
    conversion->flags[conversion->flags_size] = '\0';
}

static void put_star(struct conversion *conversion, int number)
{
    size_t at = conversion->flags_size;

    CHECK(at < FLAGS_MAX);
    conversion->flags_size +=
        (size_t)snprintf(conversion->flags + at, FLAGS_ROOM - at, "%d", number);
}

static enum length parse_length(const char **at)
{
    static const struct {
        const char *text;
        enum length length;
    } lengths[] = {
        {"hh", LENGTH_INT}, {"h", LENGTH_INT},  {"ll", LENGTH_LONG_LONG},
        {"l", LENGTH_LONG}, {"z", LENGTH_SIZE}, {"j", LENGTH_MAX},
    };

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        size_t size = strlen(lengths[i].text);

        if (strncmp(*at, lengths[i].text, size) == 0) {
            *at += size;
            return lengths[i].length;
        }
    }
    return LENGTH_INT;
}

/* Reads a conversion that starts at a '%' and leaves pairs->at behind it. */
static struct conversion parse_conversion(struct log_pairs *pairs)
{
    struct conversion conversion = {0};

    put_flag(&conversion, *pairs->at++);
    for (; *pairs->at != '\0' && strchr("-+ #0123456789.*", *pairs->at) != NULL; pairs->at++) {
        if (*pairs->at == '*') {
            put_star(&conversion, va_arg(pairs->arguments, int));
        } else {
            put_flag(&conversion, *pairs->at);
        }
    }
    conversion.length = parse_length(&pairs->at);
    CHECK(*pairs->at != '\0');
    conversion.letter = *pairs->at++;
    return conversion;
}

static intmax_t take_signed(struct log_pairs *pairs, enum length length)
{
    switch (length) {
    case LENGTH_INT: return va_arg(pairs->arguments, int);
    case LENGTH_LONG: return va_arg(pairs->arguments, long);
    case LENGTH_LONG_LONG: return va_arg(pairs->arguments, long long);
    case LENGTH_SIZE: return va_arg(pairs->arguments, ssize_t);
    case LENGTH_MAX: return va_arg(pairs->arguments, intmax_t);
    }
    return 0;
}

static uintmax_t take_unsigned(struct log_pairs *pairs, enum length length)
{
    switch (length) {
    case LENGTH_INT: return va_arg(pairs->arguments, unsigned);
    case LENGTH_LONG: return va_arg(pairs->arguments, unsigned long);
    case LENGTH_LONG_LONG: return va_arg(pairs->arguments, unsigned long long);
    case LENGTH_SIZE: return va_arg(pairs->arguments, size_t);
    case LENGTH_MAX: return va_arg(pairs->arguments, uintmax_t);
    }
    return 0;
}

/* Formats the next argument as `conversion` says; returns what snprintf returns. */
static int print_argument(struct log_pairs *pairs, struct conversion *conversion, char *to,
                          size_t room)
{
    char format[FLAGS_ROOM + 4];
    bool is_integer = strchr("diuxXo", conversion->letter) != NULL;

    snprintf(format, sizeof format, "%s%s%c", conversion->flags, is_integer ? "j" : "",
             conversion->letter);
    switch (conversion->letter) {
    case 'd':
    case 'i': return snprintf(to, room, format, take_signed(pairs, conversion->length));
    case 'u':
    case 'x':
    case 'X':
    case 'o': return snprintf(to, room, format, take_unsigned(pairs, conversion->length));
    case 'c': return snprintf(to, room, format, va_arg(pairs->arguments, int));
    case 's': return snprintf(to, room, format, va_arg(pairs->arguments, const char *));
    case 'p': return snprintf(to, room, format, va_arg(pairs->arguments, void *));
    case 'f':
    case 'g':
    case 'e': return snprintf(to, room, format, va_arg(pairs->arguments, double));
    case '%': return snprintf(to, room, "%%");
    default: return -1;
    }
}

static void put_conversion(struct log_pairs *pairs, struct log_pair *pair)
{
    struct conversion conversion = parse_conversion(pairs);
    size_t room = sizeof pair->bytes - pair->value.size;
    bool is_first = pair->value.size == 0;
    int size = print_argument(pairs, &conversion, pair->bytes + pair->value.size, room);

    CHECK(size >= 0); /* else: a conversion that is not known here */
    pair->value.size += size_min((size_t)size, room - 1);
    pair->is_number = is_first && conversion.flags_size == 1 && conversion.letter != 'c' &&
                      strchr("diu", conversion.letter) != NULL;
}

bool log_pairs_next(struct log_pairs *pairs, struct log_pair *pair)
{
    pairs->at += strspn(pairs->at, " ");
    if (*pairs->at == '\0') {
        return false;
    }

    const char *equals = strchr(pairs->at, '=');

    CHECK(equals != NULL);
    pair->name = (struct span){pairs->at, (size_t)(equals - pairs->at)};
    pair->value = (struct span){pair->bytes, 0};
    pair->is_number = false;
    pairs->at = equals + 1;
    while (*pairs->at != '\0' && *pairs->at != ' ') {
        if (*pairs->at == '%') {
            put_conversion(pairs, pair);
            continue;
        }
        pair->is_number = false;
        if (pair->value.size < sizeof pair->bytes - 1) {
            pair->bytes[pair->value.size++] = *pairs->at;
        }
        pairs->at++;
    }
    return true;
}
