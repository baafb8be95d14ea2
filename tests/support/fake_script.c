#include "tests/support/fake_script.h"

#include <stdlib.h>

#include "common/memory.h"

struct step step_say(enum step_kind kind, const char *format, ...)
{
    struct step step = {.kind = kind};
    va_list list;

    va_start(list, format);
    bytes_print_list(&step.said, format, list);
    va_end(list);
    return step;
}

const struct step *fake_script_next(const struct fake_script *script)
{
    return script->at < script->count ? &script->steps[script->at] : NULL;
}

bool fake_script_wants(const struct fake_script *script, const struct fake_received *received)
{
    const struct step *step = fake_script_next(script);
    size_t i = 0;

    if (step == NULL || step->kind != STEP_WANT) {
        return false;
    }
    for (; i < STEP_ARGUMENTS_MAX && step->wanted[i] != NULL; i++) {
        if (strcmp(step->wanted[i], "...") == 0) {
            return true;
        }
        if (i >= received->count || !span_equal(received->arguments[i], span_of(step->wanted[i]))) {
            return false;
        }
    }
    return i == received->count;
}

void fake_script_print_want(const struct step *step, struct bytes *text)
{
    for (size_t i = 0; i < STEP_ARGUMENTS_MAX && step->wanted[i] != NULL; i++) {
        bytes_print(text, i == 0 ? "%s" : " %s", step->wanted[i]);
    }
}

void fake_script_complain(struct fake_script *script, const struct fake_received *received,
                          int connection)
{
    const struct step *step = fake_script_next(script);

    if (script->complaint.size > 0) {
        return;
    }
    bytes_print(&script->complaint, "wanted: ");
    if (step != NULL && step->kind == STEP_WANT) {
        fake_script_print_want(step, &script->complaint);
    } else {
        bytes_print(&script->complaint, step == NULL ? "(nothing more)" : "(nothing now)");
    }
    bytes_print(&script->complaint, ", but by connection %d came: ", connection);
    fake_received_print(received, &script->complaint);
}

void fake_script_add(struct fake_script *script, const struct step *steps, size_t count)
{
    script->steps = memory_resize(script->steps, script->count + count, sizeof *script->steps);
    memcpy(script->steps + script->count, steps, count * sizeof *steps);
    script->count += count;
}

void fake_script_clear(struct fake_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        bytes_clear(&script->steps[i].said);
    }
    free(script->steps);
    bytes_clear(&script->complaint);
    *script = (struct fake_script){0};
}
