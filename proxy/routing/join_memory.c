#include "proxy/routing/join_memory.h"

#include "common/resp_write.h"
#include "proxy/routing/memory_stats.h"

static bool join_stats(const struct fanout *fanout, struct sendq *to)
{
    struct memory_stats *stats = memory_stats_new();
    bool fits = true;

    for (uint32_t i = 0; i < fanout->part_count && fits; i++) {
        fits = memory_stats_add(stats, fanout->parts[i].reply);
    }
    if (fits) {
        memory_stats_write(stats, to);
    }
    memory_stats_free(&stats);
    return fits;
}

/* As the sections of INFO: a heading, lines, and an empty line in between. */
static void write_section(struct sendq *text, const char *name, struct span lines)
{
    bool ends = lines.size > 0 && lines.at[lines.size - 1] == '\n';

    sendq_print(text, "%s# %s\n", sendq_is_empty(text) ? "" : "\n", name);
    sendq_append(text, lines);
    sendq_append(text, ends ? SPAN("") : SPAN("\n"));
}

static bool join_texts(const struct fanout *fanout, struct sendq *to)
{
    struct sendq text;

    sendq_init(&text);
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        struct span lines;

        if (!reply_string(fanout->parts[i].reply, &lines)) {
            sendq_clear(&text);
            return false;
        }
        write_section(&text, fanout_node_name(&fanout->parts[i]), lines);
    }
    resp_write_verbatim_queue(to, &text);
    return true;
}

bool joins_memory(const struct command *command)
{
    return command->id == COMMAND_ID_MEMORY_STATS || command->id == COMMAND_ID_MEMORY_DOCTOR ||
           command->id == COMMAND_ID_MEMORY_MALLOC_STATS;
}

bool join_memory(const struct fanout *fanout, struct sendq *to)
{
    return fanout->parent->command->id == COMMAND_ID_MEMORY_STATS ? join_stats(fanout, to)
                                                                  : join_texts(fanout, to);
}
