#include "tests/chaos/chronicle.h"

#include <stdio.h>

#include "tests/support/wait.h"

static struct bytes lines;
static bool is_loud;
static uint64_t began_ms;

/* Before main, so that no thread can be earlier. */
__attribute__((constructor)) static void begin(void)
{
    began_ms = wait_now_ms();
}

uint32_t chronicle_now_ms(void)
{
    return (uint32_t)(wait_now_ms() - began_ms);
}

void chronicle_note(const char *format, ...)
{
    struct bytes line = {0};
    va_list list;

    bytes_print(&line, "  %8u ms  ", chronicle_now_ms());
    va_start(list, format);
    bytes_print_list(&line, format, list);
    va_end(list);
    bytes_print(&lines, "%s\n", line.at);
    if (is_loud) {
        puts(line.at);
        fflush(stdout);
    }
    bytes_clear(&line);
}

void chronicle_speaks(bool speaks)
{
    is_loud = speaks;
}

void chronicle_print(struct bytes *text)
{
    bytes_add(text, lines.at, lines.size);
}

void chronicle_forget(void)
{
    bytes_clear(&lines);
}
