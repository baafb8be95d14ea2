#include "proxy/cluster/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

enum {
    SAVE_EVERY_US = US_PER_SECOND,
    TELL_EVERY_US = 60 * US_PER_SECOND,
    LINKS_MAX = 40, /* as many as the kernel follows */
};

void state_file_init(struct state_file *file, const char *path, const char *pool,
                     const struct addresses *seeds)
{
    *file = (struct state_file){.path = path, .pool = pool, .seeds = seeds};
}

void state_file_clear(struct state_file *file)
{
    free(file->written);
    free(file->wanted);
    file->written = file->wanted = NULL;
}

/* The whole file, at most `room` bytes; what is no regular file could block, or never end. */
static bool read_whole(const char *path, char *buffer, size_t room, size_t *size)
{
    struct stat facts;
    ssize_t count = 0;
    /* Non-blocking, for a pipe without a writer would hold us up before we could look at it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *size = 0;
    if (fd < 0) {
        return false;
    }
    errno = 0;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        errno = errno == 0 ? EINVAL : errno;
        count = -1;
    }
    while (count >= 0 && *size < room && (count = read(fd, buffer + *size, room - *size)) > 0) {
        *size += (size_t)count;
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return count >= 0;
}

static const char *reason_text(int reason)
{
    return reason == EINVAL ? "it is no regular file" : strerror(reason);
}

static struct topology *state_file_read(struct state_file *file, struct span text)
{
    struct topology *topology;
    enum state_text_result result = state_text_read(text, file->pool, file->seeds, &topology);

    if (result != STATE_TEXT_OK) {
        log_warn("state file ignored", "pool=%s file=%s error=%s", file->pool, file->path,
                 state_text_result_text(result));
        return NULL;
    }
    log_info("state file read", "pool=%s file=%s nodes=%u epoch=%llu", file->pool, file->path,
             topology->node_count, (unsigned long long)topology->epoch);
    file->written = memory_copy(text.at, text.size);
    return topology;
}

struct topology *state_file_load(struct state_file *file)
{
    struct topology *topology = NULL;
    size_t size;

    if (file->path == NULL) {
        return NULL;
    }
    /* One byte more than it may have, to see what is too large. */
    char *buffer = memory_raw(STATE_TEXT_MAX + 1);
    if (!read_whole(file->path, buffer, STATE_TEXT_MAX + 1, &size)) {
        if (errno != ENOENT) {
            log_warn("state file ignored", "pool=%s file=%s error=%s", file->pool, file->path,
                     reason_text(errno));
        }
    } else if (size > STATE_TEXT_MAX) {
        log_warn("state file ignored", "pool=%s file=%s error=%s", file->pool, file->path,
                 "it is too large");
    } else {
        topology = state_file_read(file, (struct span){buffer, size});
    }
    free(buffer);
    return topology;
}

void state_file_note(struct state_file *file, const struct topology *topology)
{
    if (file->path == NULL) {
        return;
    }
    free(file->wanted);
    file->wanted = state_text_print(topology, file->pool, file->seeds);
    if (file->written != NULL && strcmp(file->written, file->wanted) == 0) {
        free(file->wanted);
        file->wanted = NULL;
    }
}

static bool write_whole(int fd, const char *text)
{
    size_t size = strlen(text);

    for (size_t done = 0; done < size;) {
        ssize_t count = write(fd, text + done, size - done);

        if (count < 0 && errno != EINTR) {
            return false;
        }
        done += count < 0 ? 0 : (size_t)count;
    }
    return fsync(fd) == 0;
}

/* After a power cut the folder may not know of the new name without it; that is no failure, since
 * the old file is whole too. */
static void sync_folder(const char *path)
{
    char *copy = memory_copy(path, strlen(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(copy);
}

/* Where the link at `path` leads, the caller's; NULL when no link is there. */
static char *link_target(const char *path)
{
    char text[PATH_MAX];
    ssize_t size = readlink(path, text, sizeof text);
    const char *slash = strrchr(path, '/');

    if (size < 0) {
        return NULL;
    }
    if (size > 0 && text[0] != '/' && slash != NULL) {
        return memory_print("%.*s%.*s", (int)(slash - path + 1), path, (int)size, text);
    }
    return memory_copy(text, (size_t)size);
}

/* The name behind all links, for a rename would put the file in the place of the link; the
 * caller's. The file need not be there. */
static char *follow_links(const char *path)
{
    char *name = memory_copy(path, strlen(path));

    for (int links = 0; links < LINKS_MAX; links++) {
        char *next = link_target(name);

        if (next == NULL) {
            break;
        }
        free(name);
        name = next;
    }
    return name;
}

/* False: errno says why, and nothing is left behind. */
static bool replace_file(const char *path, const char *text)
{
    char *fresh = memory_print("%s.XXXXXX", path);
    int fd = mkostemp(fresh, O_CLOEXEC); /* mode 0600 */
    bool is_done = fd >= 0 && write_whole(fd, text) && rename(fresh, path) == 0;
    int reason = errno;

    if (fd >= 0) {
        close(fd);
    }
    if (is_done) {
        sync_folder(path);
    } else if (fd >= 0) {
        (void)unlink(fresh);
    }
    free(fresh);
    errno = reason;
    return is_done;
}

/* Why what is at `path` must stay; NULL: nothing is there, or an empty file, or one of ours. */
static const char *objection_to_replacing(const char *path)
{
    struct span mark = SPAN(STATE_TEXT_MARK);
    char head[sizeof STATE_TEXT_MARK - 1];
    size_t size;

    if (!read_whole(path, head, sizeof head, &size)) {
        return errno == ENOENT ? NULL : reason_text(errno);
    }
    return size == 0 || span_equal((struct span){head, size}, mark)
               ? NULL
               : "what is there is no state file";
}

static void state_file_tell(struct state_file *file, bool is_done, const char *error)
{
    uint64_t now = clock_now();

    if (is_done && file->told_at != 0) {
        log_info("state file can be written again", "pool=%s file=%s", file->pool, file->path);
        file->told_at = 0;
    }
    if (!is_done && (file->told_at == 0 || now - file->told_at >= TELL_EVERY_US)) {
        log_warn("state file cannot be written", "pool=%s file=%s error=%s", file->pool, file->path,
                 error);
        file->told_at = now;
    }
}

enum state_saved state_file_save(struct state_file *file, enum state_save when)
{
    uint64_t now = clock_now();

    if (file->wanted == NULL ||
        (when == STATE_SAVE_SOON && file->tried_at != 0 && now < file->tried_at + SAVE_EVERY_US)) {
        return STATE_NOT_DUE;
    }
    file->tried_at = now;
    const char *error = objection_to_replacing(file->path);
    char *target = follow_links(file->path);
    bool is_done = error == NULL && replace_file(target, file->wanted);
    int reason = errno;
    free(target);
    state_file_tell(file, is_done, error == NULL ? strerror(reason) : error);
    if (!is_done) {
        return STATE_NOT_SAVED;
    }
    free(file->written);
    file->written = file->wanted;
    file->wanted = NULL;
    return STATE_SAVED;
}
