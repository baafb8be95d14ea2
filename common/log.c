#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log_pairs.h"
#include "common/log_text.h"

enum {
    LINE_MAX_BYTES = 4096, /* what a pipe takes in one piece, so that lines never mix there */
    LINE_TAIL = 40,        /* kept free for what closes a line that is cut */
    PAIR_LEAST = 40,       /* room for any number and the marks around it */
    EVENT_MAX = 512,
};

_Atomic int log_threshold = LOG_INFO;
static _Atomic int log_format_now = LOG_TEXT;
static _Atomic int log_descriptor = STDERR_FILENO;

static const struct {
    const char *text;
    const char *json;
} level_names[] = {
    [LOG_DEBUG] = {"DEBUG", "debug"},
    [LOG_INFO] = {"INFO ", "info"},
    [LOG_WARN] = {"WARN ", "warn"},
    [LOG_ERROR] = {"ERROR", "error"},
};

struct line {
    enum log_format format;
    struct log_text text;
    char bytes[LINE_MAX_BYTES];
};

/* May this place log once more in its second? *suppressed is how many it could not since. */
static bool site_admits(struct log_site *site, uint32_t *suppressed)
{
    uint64_t now = clock_now();
    uint64_t start = atomic_load_explicit(&site->window_start, memory_order_relaxed);

    if (now >= start + US_PER_SECOND &&
        atomic_compare_exchange_strong_explicit(&site->window_start, &start, now,
                                                memory_order_relaxed, memory_order_relaxed)) {
        atomic_store_explicit(&site->in_window, 0, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&site->in_window, 1, memory_order_relaxed) >= LOG_BURST) {
        atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
        return false;
    }
    *suppressed = atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed);
    return true;
}

static void print_time(char *to, size_t size)
{
    uint64_t now = clock_wall();
    time_t seconds = (time_t)(now / US_PER_SECOND);
    struct tm calendar;

    gmtime_r(&seconds, &calendar);
    size_t length = strftime(to, size, "%Y-%m-%dT%H:%M:%S", &calendar);
    snprintf(to + length, size - length, ".%03uZ", (unsigned)(now / US_PER_MS % 1000));
}

static void line_put(struct line *line, const char *text)
{
    log_text_put(&line->text, span_of(text));
}

/* What must not be missing even from a line that is cut: it goes into the room kept for it. */
static void line_close(struct line *line, const char *text)
{
    line->text.limit += LINE_TAIL;
    line_put(line, text);
    line->text.limit -= LINE_TAIL;
}

static void line_begin(struct line *line, enum log_level level, const char *event)
{
    struct span name = {event, strnlen(event, EVENT_MAX)};
    char time[64];

    line->text = (struct log_text){line->bytes, 0, sizeof line->bytes - LINE_TAIL};
    print_time(time, sizeof time);
    switch (line->format) {
    case LOG_TEXT:
        line_put(line, time);
        line_put(line, " ");
        line_put(line, level_names[level].text);
        line_put(line, " ");
        log_text_put_escaped(&line->text, name);
        return;
    case LOG_JSON:
        line_put(line, "{\"time\":\"");
        line_put(line, time);
        line_put(line, "\",\"level\":\"");
        line_put(line, level_names[level].json);
        line_put(line, "\",\"event\":\"");
        log_text_put_json(&line->text, name);
        line_put(line, "\"");
        return;
    }
}

static void line_put_text_pair(struct line *line, const struct log_pair *pair)
{
    line_put(line, " ");
    log_text_put(&line->text, pair->name);
    line_put(line, "=");
    if (!log_text_needs_quotes(pair->value)) {
        log_text_put_escaped(&line->text, pair->value);
        return;
    }
    line_put(line, "\"");
    log_text_put_escaped(&line->text, pair->value);
    line_close(line, "\"");
}

static void line_put_json_pair(struct line *line, const struct log_pair *pair)
{
    line_put(line, ",\"");
    log_text_put(&line->text, pair->name);
    line_put(line, "\":");
    if (pair->is_number) {
        log_text_put(&line->text, pair->value);
        return;
    }
    line_put(line, "\"");
    log_text_put_json(&line->text, pair->value);
    line_close(line, "\"");
}

/* Pairs that a full line has no room for are left out whole. */
static void line_put_pairs(struct line *line, struct log_pairs *pairs)
{
    struct log_pair pair;

    while (log_pairs_next(pairs, &pair)) {
        if (line->text.size + pair.name.size + PAIR_LEAST > line->text.limit) {
            return;
        }
        switch (line->format) {
        case LOG_TEXT: line_put_text_pair(line, &pair); break;
        case LOG_JSON: line_put_json_pair(line, &pair); break;
        }
    }
}

static void line_end(struct line *line, uint32_t suppressed)
{
    char text[LINE_TAIL];

    if (suppressed > 0) {
        snprintf(text, sizeof text,
                 line->format == LOG_JSON ? ",\"suppressed\":%u" : " suppressed=%u", suppressed);
        line_close(line, text);
    }
    line_close(line, line->format == LOG_JSON ? "}\n" : "\n");
}

static void line_write(const struct line *line)
{
    int fd = atomic_load_explicit(&log_descriptor, memory_order_relaxed);

    /* A log that cannot be written must not stop the proxy: what the descriptor refuses is lost. */
    while (write(fd, line->bytes, line->text.size) < 0 && errno == EINTR) {
    }
}

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store_explicit(&log_threshold, (int)level, memory_order_relaxed);
    atomic_store_explicit(&log_format_now, (int)format, memory_order_relaxed);
}

void log_set_descriptor(int fd)
{
    atomic_store_explicit(&log_descriptor, fd, memory_order_relaxed);
}

void log_line(struct log_site *site, enum log_level level, const char *event, const char *pairs,
              ...)
{
    uint32_t suppressed;
    int error = errno;

    if (!site_admits(site, &suppressed)) {
        return;
    }

    struct line line;
    struct log_pairs rest = {.at = pairs};

    line.format = (enum log_format)atomic_load_explicit(&log_format_now, memory_order_relaxed);
    line_begin(&line, level, event);
    va_start(rest.arguments, pairs);
    line_put_pairs(&line, &rest);
    va_end(rest.arguments);
    line_end(&line, suppressed);
    line_write(&line);
    errno = error;
}
