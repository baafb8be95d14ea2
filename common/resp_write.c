#include "common/resp_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

enum {
    DIGITS_MAX = 20, /* of an int64_t with its sign, and of a uint64_t */
    LINE_MAX_BYTES = 1 + DIGITS_MAX + 2,
    BULK_AT_ONCE = 128, /* up to here a second copy is cheaper than three appends */
    FORMAT_ON_STACK = 256,
};

/* Writes the digits of `number` so that they end before `end`; returns where they start. */
static char *digits_before(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

/* "<type><number>\r\n" in the last bytes of `line`. */
static struct span number_line(char line[LINE_MAX_BYTES], char type, uint64_t number)
{
    char *end = line + LINE_MAX_BYTES;
    end[-2] = '\r';
    end[-1] = '\n';

    char *start = digits_before(end - 2, number);
    *--start = type;
    return (struct span){start, (size_t)(end - start)};
}

static void number_line_write(struct sendq *queue, char type, uint64_t number)
{
    char line[LINE_MAX_BYTES];
    sendq_append(queue, number_line(line, type, number));
}

void resp_write_status(struct sendq *queue, const char *text)
{
    sendq_append(queue, SPAN("+"));
    sendq_append(queue, span_of(text));
    sendq_append(queue, SPAN("\r\n"));
}

void resp_write_error(struct sendq *queue, const char *text)
{
    sendq_append(queue, SPAN("-"));
    for (;;) {
        size_t plain = strcspn(text, "\r\n");
        sendq_append(queue, (struct span){text, plain});
        if (text[plain] == '\0') {
            break;
        }
        sendq_append(queue, SPAN(" "));
        text += plain + 1;
    }
    sendq_append(queue, SPAN("\r\n"));
}

void resp_write_integer(struct sendq *queue, int64_t number)
{
    if (number >= 0) {
        number_line_write(queue, ':', (uint64_t)number);
        return;
    }
    sendq_append(queue, SPAN(":"));
    number_line_write(queue, '-', 0 - (uint64_t)number);
}

void resp_write_bulk(struct sendq *queue, struct span bytes)
{
    char whole[LINE_MAX_BYTES + BULK_AT_ONCE + 2];
    struct span line = number_line(whole, '$', bytes.size);

    if (bytes.size > BULK_AT_ONCE) {
        sendq_append(queue, line);
        sendq_append(queue, bytes);
        sendq_append(queue, SPAN("\r\n"));
        return;
    }
    if (bytes.size > 0) {
        memcpy(whole + LINE_MAX_BYTES, bytes.at, bytes.size);
    }
    memcpy(whole + LINE_MAX_BYTES + bytes.size, "\r\n", 2);
    sendq_append(queue, (struct span){line.at, line.size + bytes.size + 2});
}

void resp_write_text(struct sendq *queue, const char *text)
{
    resp_write_bulk(queue, span_of(text));
}

void resp_write_null(struct sendq *queue)
{
    sendq_append(queue, queue->protocol == 3 ? SPAN("_\r\n") : SPAN("$-1\r\n"));
}

void resp_write_null_array(struct sendq *queue)
{
    sendq_append(queue, queue->protocol == 3 ? SPAN("_\r\n") : SPAN("*-1\r\n"));
}

void resp_write_array(struct sendq *queue, size_t count)
{
    number_line_write(queue, '*', count);
}

void resp_write_map(struct sendq *queue, size_t pairs)
{
    if (queue->protocol == 3) {
        number_line_write(queue, '%', pairs);
    } else {
        number_line_write(queue, '*', 2 * pairs);
    }
}

void resp_write_set(struct sendq *queue, size_t count)
{
    number_line_write(queue, queue->protocol == 3 ? '~' : '*', count);
}

void resp_write_push(struct sendq *queue, size_t count)
{
    number_line_write(queue, queue->protocol == 3 ? '>' : '*', count);
}

static void verbatim_begin(struct sendq *queue, size_t size)
{
    static const struct span format = {"txt:", 4};

    if (queue->protocol == 3) {
        number_line_write(queue, '=', size + format.size);
        sendq_append(queue, format);
    } else {
        number_line_write(queue, '$', size);
    }
}

void resp_write_verbatim(struct sendq *queue, const char *text)
{
    verbatim_begin(queue, strlen(text));
    sendq_append(queue, span_of(text));
    sendq_append(queue, SPAN("\r\n"));
}

void resp_write_verbatim_queue(struct sendq *queue, struct sendq *text)
{
    verbatim_begin(queue, text->size);
    sendq_move(queue, text);
    sendq_append(queue, SPAN("\r\n"));
}

void resp_write_format(struct sendq *queue, const char *format, ...)
{
    char small[FORMAT_ON_STACK];
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);

    int size = vsnprintf(small, sizeof small, format, values);
    CHECK(size >= 0);
    if (size < (int)sizeof small) {
        resp_write_text(queue, small);
    } else {
        char *large = memory_raw((size_t)size + 1);
        vsnprintf(large, (size_t)size + 1, format, again);
        resp_write_bulk(queue, (struct span){large, (size_t)size});
        free(large);
    }
    va_end(again);
    va_end(values);
}

/* As Redis writes them: exact, so perhaps with more digits than people expect. */
void resp_write_double(struct sendq *queue, double number)
{
    if (queue->protocol == 3) {
        sendq_print(queue, ",%.17g\r\n", number);
    } else {
        resp_write_format(queue, "%.17g", number);
    }
}

void resp_write_request(struct sendq *queue, const struct span *arguments, size_t count)
{
    resp_write_array(queue, count);
    for (size_t i = 0; i < count; i++) {
        resp_write_bulk(queue, arguments[i]);
    }
}
