#include "bench/load/check.h"

#include <stdarg.h>
#include <stdio.h>

enum { END_BYTES = 2 };

static const char end[END_BYTES] = {'\r', '\n'};

static void drop(struct span *input, size_t size)
{
    input->at += size;
    input->size -= size;
}

/* The first fault of a unit counts. */
static PRINTF(3, 4) void blame(struct check *check, enum verdict verdict, const char *format, ...)
{
    va_list arguments;

    if (check->verdict != VERDICT_RIGHT) {
        return;
    }
    check->verdict = verdict;
    va_start(arguments, format);
    vsnprintf(check->remark, sizeof check->remark, format, arguments);
    va_end(arguments);
}

/* `skipped` more steps are not looked at: the elements of an array that did not come. */
static enum check_result step_done(struct check *check, const struct work *work,
                                   const struct unit *unit, uint32_t skipped)
{
    check->step += 1 + skipped;
    check->state = CHECK_AT_LINE;
    check->line_size = 0;
    if (check->step == work_steps(work, unit)) {
        return CHECK_UNIT;
    }
    check->expected = work_expectation(work, unit, check->step);
    return CHECK_STEP;
}

/* The bytes of the line as a complaint shows them: without CR LF, nothing that a terminal obeys. */
static void print_line(struct span line, char *text, size_t room)
{
    size_t size = 0;

    while (size < line.size && size + 1 < room && line.at[size] != '\r') {
        char byte = line.at[size];

        text[size++] = byte < ' ' || byte > '~' ? '?' : byte;
    }
    text[size] = '\0';
}

/* Collects a line. Returns false when its end has not come. A line that is longer than anybody
 * needs keeps its beginning and its end. */
static bool take_line(struct check *check, struct span *input, struct span *line)
{
    const char *newline = memchr(input->at, '\n', input->size);
    size_t size = newline == NULL ? input->size : (size_t)(newline - input->at) + 1;

    if (check->line_size == 0 && newline != NULL) {
        *line = (struct span){input->at, size};
        drop(input, size);
        return true;
    }

    size_t kept = size_min(size, sizeof check->line - check->line_size);

    memcpy(check->line + check->line_size, input->at, kept);
    check->line_size += kept;
    drop(input, size);
    if (newline == NULL) {
        return false;
    }
    if (kept < size) {
        memcpy(check->line + check->line_size - END_BYTES, end, END_BYTES);
    }
    *line = (struct span){check->line, check->line_size};
    check->line_size = 0;
    return true;
}

/* The number of a line ":12\r\n", "$-1\r\n", "*3\r\n". */
static bool line_number(struct span line, int64_t *number)
{
    return line.size > 1 + END_BYTES &&
           span_to_int64((struct span){line.at + 1, line.size - 1 - END_BYTES}, number);
}

/* A reply with this first line is passed over. False when it is no line of RESP2. */
static bool skip_from(struct check *check, struct span line)
{
    int64_t number = 0;

    if (line.size < 1 + END_BYTES || line.at[line.size - END_BYTES] != '\r') {
        return false;
    }
    switch (line.at[0]) {
    case '+':
    case '-': return true;
    case ':': return line_number(line, &number);
    case '$':
        if (!line_number(line, &number) || number < -1) {
            return false;
        }
        check->skip_bytes = number < 0 ? 0 : (size_t)number + END_BYTES;
        return true;
    case '*':
        if (!line_number(line, &number) || number < -1) {
            return false;
        }
        check->skip_values += number < 0 ? 0 : (uint64_t)number;
        return true;
    default: return false;
    }
}

static void blame_line(struct check *check, struct span line)
{
    char text[CHECK_LINE_MAX];
    char due[WORK_LINE_MAX];

    print_line(line, text, sizeof text);
    print_line(check->expected.line, due, sizeof due);
    if (line.at[0] == '-') {
        bool is_moved = span_starts_with(line, SPAN("-MOVED "));

        blame(check, is_moved ? VERDICT_MOVED : VERDICT_ERROR, "%s", text);
    } else {
        blame(check, VERDICT_WRONG, "got '%s' where '%s' was due", text, due);
    }
}

static bool is_count(const struct check *check, struct span line)
{
    int64_t number = 0;

    return check->expected.kind == EXPECT_COUNT && line.at[0] == ':' &&
           line_number(line, &number) && number >= 0 && number <= check->expected.most;
}

/* Behind the line of a reply that was due. */
static enum check_result line_done(struct check *check, const struct work *work,
                                   const struct unit *unit)
{
    if (check->expected.kind != EXPECT_VALUE) {
        return step_done(check, work, unit, 0);
    }
    check->state = CHECK_IN_VALUE;
    check->at = 0;
    return CHECK_MORE;
}

static enum check_result judge(struct check *check, const struct work *work,
                               const struct unit *unit, struct span line)
{
    if (check->expected.kind != EXPECT_COUNT && span_equal(line, check->expected.line)) {
        return line_done(check, work, unit);
    }
    if (is_count(check, line)) {
        return step_done(check, work, unit, 0);
    }
    if (span_equal(line, check->expected.missing)) {
        check->expected.value.size = 0;
        return line.at[1] == '-' ? step_done(check, work, unit, 0) : line_done(check, work, unit);
    }

    blame_line(check, line);
    check->skip_bytes = 0;
    check->skip_values = 0;
    if (!skip_from(check, line)) {
        return CHECK_BROKEN;
    }
    check->state = CHECK_SKIPPING;
    return CHECK_MORE;
}

static enum check_result at_line(struct check *check, const struct work *work,
                                 const struct unit *unit, struct span *input)
{
    struct span line;

    if (!take_line(check, input, &line)) {
        return CHECK_MORE;
    }
    return judge(check, work, unit, line);
}

static void blame_value(struct check *check, struct span came)
{
    const char *due = check->expected.value.at + check->at;
    size_t same = 0;

    while (came.at[same] == due[same]) {
        same++;
    }
    blame(check, VERDICT_WRONG, "byte %zu of %zu is 0x%02x where 0x%02x was due", check->at + same,
          check->expected.value.size, (unsigned char)came.at[same], (unsigned char)due[same]);
}

static enum check_result in_value(struct check *check, struct span *input)
{
    struct span value = check->expected.value;
    struct span came = {input->at, size_min(input->size, value.size - check->at)};

    if (memcmp(came.at, value.at + check->at, came.size) != 0) {
        blame_value(check, came);
    }
    check->at += came.size;
    drop(input, came.size);
    if (check->at == value.size) {
        check->state = CHECK_AT_END;
        check->at = 0;
    }
    return CHECK_MORE;
}

static enum check_result at_end(struct check *check, const struct work *work,
                                const struct unit *unit, struct span *input)
{
    if (input->at[0] != end[check->at]) {
        blame(check, VERDICT_WRONG, "no CR LF behind a value");
        return CHECK_BROKEN;
    }
    drop(input, 1);
    return ++check->at == END_BYTES ? step_done(check, work, unit, 0) : CHECK_MORE;
}

static enum check_result skipping(struct check *check, struct span *input)
{
    struct span line;

    if (check->skip_bytes > 0) {
        size_t size = size_min(check->skip_bytes, input->size);

        check->skip_bytes -= size;
        drop(input, size);
    } else if (take_line(check, input, &line)) {
        check->skip_values--;
        return skip_from(check, line) ? CHECK_MORE : CHECK_BROKEN;
    }
    return CHECK_MORE;
}

static enum check_result feed_some(struct check *check, const struct work *work,
                                   const struct unit *unit, struct span *input)
{
    switch (check->state) {
    case CHECK_AT_LINE: return at_line(check, work, unit, input);
    case CHECK_IN_VALUE: return in_value(check, input);
    case CHECK_AT_END: return at_end(check, work, unit, input);
    case CHECK_SKIPPING: return skipping(check, input);
    }
    return CHECK_BROKEN;
}

static bool has_skipped(const struct check *check)
{
    return check->state == CHECK_SKIPPING && check->skip_bytes == 0 && check->skip_values == 0;
}

/* All of a step in one piece, and just as it had to be: nearly every reply of a small value.
 * Returns how many bytes that are, or 0 when it is not so. */
static size_t plain_step(const struct check *check, struct span input)
{
    const struct expectation *expected = &check->expected;
    size_t size = expected->line.size;

    if (check->state != CHECK_AT_LINE || check->line_size > 0 || expected->kind == EXPECT_COUNT ||
        !span_starts_with(input, expected->line)) {
        return 0;
    }
    if (expected->kind != EXPECT_VALUE) {
        return size;
    }
    if (input.size < size + expected->value.size + END_BYTES ||
        memcmp(input.at + size, expected->value.at, expected->value.size) != 0 ||
        memcmp(input.at + size + expected->value.size, end, END_BYTES) != 0) {
        return 0;
    }
    return size + expected->value.size + END_BYTES;
}

enum check_result check_feed(struct check *check, const struct work *work, const struct unit *unit,
                             struct span *input)
{
    size_t plain = plain_step(check, *input);

    if (likely(plain > 0)) {
        drop(input, plain);
        return step_done(check, work, unit, 0);
    }
    while (input->size > 0) {
        enum check_result result = feed_some(check, work, unit, input);

        if (result != CHECK_MORE) {
            return result;
        }
        if (has_skipped(check)) {
            return step_done(check, work, unit, check->expected.elements);
        }
    }
    return CHECK_MORE;
}
