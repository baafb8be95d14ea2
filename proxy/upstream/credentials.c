#include "proxy/upstream/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/resp_write.h"

void credentials_init(struct credentials *credentials, const struct span *name,
                      struct span password)
{
    *credentials = (struct credentials){
        .is_given = true,
        .name = name == NULL ? NULL : memory_copy(name->at, name->size),
        .name_size = name == NULL ? 0 : name->size,
        .password = memory_copy(password.at, password.size),
        .password_size = password.size,
    };
}

void credentials_clear(struct credentials *credentials)
{
    if (credentials->password != NULL) {
        explicit_bzero(credentials->password, credentials->password_size);
    }
    free(credentials->password);
    free(credentials->name);
    *credentials = (struct credentials){0};
}

static struct span name_of(const struct credentials *credentials)
{
    return (struct span){credentials->name, credentials->name_size};
}

static struct span password_of(const struct credentials *credentials)
{
    return (struct span){credentials->password, credentials->password_size};
}

struct span credentials_name(const struct credentials *credentials)
{
    return credentials->name == NULL ? CREDENTIALS_NAMELESS : name_of(credentials);
}

/* Nobody gets in by this: who has the same is still asked about at a node. */
bool credentials_are(const struct credentials *credentials, const struct span *name,
                     struct span password)
{
    if (!credentials->is_given || (name == NULL) != (credentials->name == NULL)) {
        return false;
    }
    return (name == NULL || span_equal(name_of(credentials), *name)) &&
           span_equal(password_of(credentials), password);
}

void credentials_write(const struct credentials *credentials, struct sendq *output)
{
    const struct span full[] = {SPAN("AUTH"), name_of(credentials), password_of(credentials)};
    const struct span alone[] = {full[0], full[2]};

    sendq_keep_secret(output);
    if (credentials->name == NULL) {
        resp_write_request(output, alone, ARRAY_LEN(alone));
    } else {
        resp_write_request(output, full, ARRAY_LEN(full));
    }
}
