#include "proxy/cluster/info_lines.h"

struct span info_value(struct span lines, struct span name)
{
    while (lines.size > 0) {
        const char *end = memchr(lines.at, '\n', lines.size);
        size_t size = end == NULL ? lines.size : (size_t)(end - lines.at) + 1;
        struct span line = {lines.at, size};

        while (line.size > 0 &&
               (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r')) {
            line.size--;
        }
        if (span_starts_with(line, name) && line.size > name.size && line.at[name.size] == ':') {
            return (struct span){line.at + name.size + 1, line.size - name.size - 1};
        }
        lines = (struct span){lines.at + size, lines.size - size};
    }
    return SPAN("");
}
