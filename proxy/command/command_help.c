#include "proxy/command/command_help.h"

#include <ctype.h>

#include "proxy/command/command.h"

static const char *const class_notes[] = {
#define CLASS_NOTE(symbol, text) [COMMAND_CLASS_##symbol] = text,
#define NOTE(symbol, text)
#include "proxy/command/command_notes.def"
};

static const char *const notes[COMMAND_COUNT] = {
#define CLASS_NOTE(symbol, text)
#define NOTE(symbol, text) [COMMAND_ID_##symbol] = text,
#include "proxy/command/command_notes.def"
};

void command_print_help(FILE *to)
{
    fprintf(to, "%-29s %5s  %-11s  %s\n", "command", "arity", "class", "what slotway does");
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);
        fprintf(to, "%-29s %5d  %-11s  %s\n", command->name, command->arity,
                command_class_name(command->class), command_class_text(command->class));
    }
}

static void print_upper(FILE *to, const char *word)
{
    for (; *word != '\0'; word++) {
        fputc(toupper((unsigned char)*word), to);
    }
}

/* Of a sentence: its first letter becomes a capital. */
static void print_heading(FILE *to, const char *text)
{
    fprintf(to, "\n## %c%s\n\n", toupper((unsigned char)text[0]), text + 1);
}

static void print_row(FILE *to, const struct command *command)
{
    int words = command->arity < 0 ? -command->arity : command->arity;

    fprintf(to, "| ");
    print_upper(to, command->name);
    fprintf(to, " | %d%s | %s | %s |\n", words, command->arity < 0 ? " or more" : "",
            command->since, notes[command->id] == NULL ? "" : notes[command->id]);
}

static bool has_rows(enum command_class class)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (command_by_id(id)->class == class) {
            return true;
        }
    }
    return false;
}

static void print_class(FILE *to, enum command_class class)
{
    if (!has_rows(class)) {
        return;
    }
    print_heading(to, command_class_text(class));
    if (class < ARRAY_LEN(class_notes) && class_notes[class] != NULL) {
        fprintf(to, "%s\n\n", class_notes[class]);
    }
    fprintf(to, "| command | words | since | what differs from a single server |\n"
                "|---|---|---|---|\n");
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (command_by_id(id)->class == class) {
            print_row(to, command_by_id(id));
        }
    }
}

static const char preface[] =
    "# Commands\n"
    "\n"
    "Every command that Redis 8.10 and Valkey 9.1 know, by what slotway does with it, and how "
    "that\n"
    "differs from a single server where it does. PROXY is slotway's own. A command\n"
    "that the nodes behind slotway do not know is forwarded all the same, and their answer says "
    "so.\n"
    "Words are the name, the subcommand and the arguments; since is the version of Redis, or\n"
    "Valkey, that brought the command.\n"
    "\n"
    "Commands of newer servers and of modules are not on this page: slotway learns them from the\n"
    "nodes. When it first reaches a cluster, and when a server's version changes, it asks for\n"
    "COMMAND, and forwards what is new by the keys and tips that are told. One of which the nodes\n"
    "tell too little is refused, until `commands` in the configuration says where its keys are; "
    "the\n"
    "same option denies commands.\n"
    "\n"
    "Rendered from `proxy/command/commands.def` and `command_notes.def` beside it; do not edit.\n";

void command_print_help_markdown(FILE *to)
{
    static const enum command_class classes[] = {
#define ROW(symbol, text) COMMAND_CLASS_##symbol,
        COMMAND_CLASSES(ROW)
#undef ROW
    };

    fputs(preface, to);
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        print_class(to, classes[i]);
    }
}
