#include "proxy/downstream/fieldsets.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/sendq.h"

struct fieldset {
    struct list_link in_all;
    struct table_link in_names;
    char *name;
    size_t name_size;
    struct block *preface;
};

void fieldsets_init(struct fieldsets *fieldsets)
{
    *fieldsets = (struct fieldsets){.bytes = 0};
    list_init(&fieldsets->all);
}

static struct fieldset *find(const struct fieldsets *fieldsets, struct span name)
{
    struct table_link *link = table_first(&fieldsets->by_name, table_hash_bytes(name));

    for (; link != NULL; link = table_next(link)) {
        struct fieldset *fieldset = container_of(link, struct fieldset, in_names);

        if (span_equal((struct span){fieldset->name, fieldset->name_size}, name)) {
            return fieldset;
        }
    }
    return NULL;
}

/* Of small ones most is not their fields. */
static size_t bytes_of(const struct fieldset *fieldset)
{
    return sizeof *fieldset + fieldset->name_size + sizeof(struct block) +
           fieldset->preface->capacity;
}

static void forget(struct fieldsets *fieldsets, struct fieldset *fieldset)
{
    fieldsets->bytes -= bytes_of(fieldset);
    list_remove(&fieldset->in_all);
    table_remove(&fieldsets->by_name, &fieldset->in_names);
    block_release(&fieldset->preface);
    free(fieldset->name);
    free(fieldset);
}

size_t fieldsets_clear(struct fieldsets *fieldsets)
{
    size_t count = 0;

    LIST_EACH_SAFE (link, &fieldsets->all) {
        forget(fieldsets, container_of(link, struct fieldset, in_all));
        count++;
    }
    table_clear(&fieldsets->by_name);
    fieldsets_init(fieldsets);
    return count;
}

static struct block *preface_of(struct span prepare)
{
    struct sendq commands;

    sendq_init(&commands);
    sendq_append(&commands, SPAN("*2\r\n$7\r\nHIMPORT\r\n$10\r\nDISCARDALL\r\n"));
    sendq_append(&commands, prepare);

    struct block *preface = sendq_flatten(&commands);

    sendq_clear(&commands);
    return preface;
}

void fieldsets_keep(struct fieldsets *fieldsets, struct span name, struct span prepare)
{
    struct fieldset *fieldset = memory_new(1, sizeof *fieldset);

    fieldsets_drop(fieldsets, name);
    fieldset->name = memory_copy(name.at, name.size);
    fieldset->name_size = name.size;
    fieldset->preface = preface_of(prepare);
    fieldsets->bytes += bytes_of(fieldset);
    list_append(&fieldsets->all, &fieldset->in_all);
    table_add(&fieldsets->by_name, &fieldset->in_names, table_hash_bytes(name));
}

bool fieldsets_drop(struct fieldsets *fieldsets, struct span name)
{
    struct fieldset *fieldset = find(fieldsets, name);

    if (fieldset == NULL) {
        return false;
    }
    forget(fieldsets, fieldset);
    return true;
}

struct block *fieldsets_preface(const struct fieldsets *fieldsets, struct span name)
{
    const struct fieldset *fieldset = find(fieldsets, name);

    return fieldset == NULL ? NULL : fieldset->preface;
}
