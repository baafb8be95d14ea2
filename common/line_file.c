#include "common/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/thread.h"

enum { FILE_MODE = 0640, TRY_AGAIN_US = US_PER_SECOND };

struct line_file {
    char *path;
    size_t room;
    struct thread thread;
    /* The file's thread: */
    int fd;            /* -1: not open */
    bool is_failing;   /* and that has been said */
    bool is_torn;      /* the last line there may lack its end */
    uint64_t tried_at; /* to open it */
    char *writing;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct {
        char *filling;
        size_t size;
        uint64_t lost;
        bool is_to_reopen;
        bool is_ending;
    } locked;
};

static void note_failure(struct line_file *file, const char *what)
{
    if (!file->is_failing) {
        file->is_failing = true;
        log_error(what, "file=%s error=%s", file->path, strerror(errno));
    }
}

static void close_file(struct line_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
    }
}

static bool is_open(struct line_file *file)
{
    uint64_t now = clock_now();

    if (file->fd >= 0) {
        return true;
    }
    if (file->tried_at != 0 && now - file->tried_at < TRY_AGAIN_US) {
        return false;
    }
    file->tried_at = now;
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
    if (file->fd < 0) {
        note_failure(file, "cannot open a file for lines");
        return false;
    }
    file->is_torn = false;
    return true;
}

/* Returns how many bytes were written. */
static size_t write_some(struct line_file *file, struct span bytes)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t written = write(file->fd, bytes.at + done, bytes.size - done);

        if (written > 0) {
            done += (size_t)written;
        } else if (errno != EINTR) {
            note_failure(file, "cannot write lines to a file");
            break;
        }
    }
    return done;
}

static uint64_t count_lines(struct span bytes)
{
    uint64_t count = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        count += bytes.at[i] == '\n';
    }
    return count;
}

/* Returns how many lines are lost by it. */
static uint64_t write_lines(struct line_file *file, struct span lines)
{
    size_t done = 0;

    if (is_open(file) && (!file->is_torn || write_some(file, SPAN("\n")) == 1)) {
        file->is_torn = false;
        done = write_some(file, lines);
    }
    if (done == lines.size) {
        file->is_failing = false;
        return 0;
    }
    file->is_torn = file->is_torn || (done > 0 && lines.at[done - 1] != '\n');
    return count_lines((struct span){lines.at + done, lines.size - done});
}

/* Returns the lines that are to be written now, none at the end. */
static struct span take_locked(struct line_file *file)
{
    char *full = file->locked.filling;
    struct span lines = {full, file->locked.size};

    file->locked.filling = file->writing;
    file->writing = full;
    file->locked.size = 0;
    return lines;
}

static void file_run(void *context)
{
    struct line_file *file = context;
    bool is_ending = false;

    (void)is_open(file);
    pthread_mutex_lock(&file->lock);
    while (!is_ending) {
        while (file->locked.size == 0 && !file->locked.is_ending && !file->locked.is_to_reopen) {
            pthread_cond_wait(&file->changed, &file->lock);
        }
        bool is_to_reopen = file->locked.is_to_reopen;
        struct span lines = take_locked(file);

        is_ending = file->locked.is_ending;
        file->locked.is_to_reopen = false;
        pthread_mutex_unlock(&file->lock);
        uint64_t lost = lines.size == 0 ? 0 : write_lines(file, lines);

        if (is_to_reopen) {
            close_file(file);
            file->tried_at = 0;
            (void)is_open(file);
        }
        pthread_mutex_lock(&file->lock);
        file->locked.lost += lost;
    }
    pthread_mutex_unlock(&file->lock);
}

struct line_file *line_file_open(const char *path, size_t room, const char *name)
{
    struct line_file *file = memory_new(1, sizeof *file);

    file->path = memory_copy(path, strlen(path));
    file->room = room;
    file->fd = -1;
    file->writing = memory_raw(room);
    file->locked.filling = memory_raw(room);
    CHECK(pthread_mutex_init(&file->lock, NULL) == 0);
    CHECK(pthread_cond_init(&file->changed, NULL) == 0);
    thread_start(&file->thread, name, file_run, file);
    return file;
}

bool line_file_put(struct line_file *file, struct span line)
{
    bool fits;

    pthread_mutex_lock(&file->lock);
    fits = line.size <= file->room - file->locked.size;
    if (fits) {
        memcpy(file->locked.filling + file->locked.size, line.at, line.size);
        file->locked.size += line.size;
        pthread_cond_signal(&file->changed);
    } else {
        file->locked.lost++;
    }
    pthread_mutex_unlock(&file->lock);
    return fits;
}

void line_file_reopen(struct line_file *file)
{
    pthread_mutex_lock(&file->lock);
    file->locked.is_to_reopen = true;
    pthread_cond_signal(&file->changed);
    pthread_mutex_unlock(&file->lock);
}

uint64_t line_file_lost(struct line_file *file)
{
    pthread_mutex_lock(&file->lock);
    uint64_t lost = file->locked.lost;

    pthread_mutex_unlock(&file->lock);
    return lost;
}

void line_file_close(struct line_file **file)
{
    struct line_file *gone = *file;

    *file = NULL;
    if (gone == NULL) {
        return;
    }
    pthread_mutex_lock(&gone->lock);
    gone->locked.is_ending = true;
    pthread_cond_signal(&gone->changed);
    pthread_mutex_unlock(&gone->lock);
    thread_join(&gone->thread);
    close_file(gone);
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone->locked.filling);
    free(gone->writing);
    free(gone->path);
    free(gone);
}
