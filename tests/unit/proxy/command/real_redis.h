/* real_redis.h - a redis-server of the test's own, through which it learns what is true.
 *
 * It listens on a socket file only, which is gone once the test is connected, and it dies with the
 * test however that ends. Needs redis-server on the PATH: without it tests fail.
 */
#ifndef TESTS_UNIT_PROXY_COMMAND_REAL_REDIS_H
#define TESTS_UNIT_PROXY_COMMAND_REAL_REDIS_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct real_redis {
    redisContext *context;
    pid_t pid;
};

static inline void real_redis_run(const char *folder, const char *socket, pid_t parent)
{
    int nowhere = open("/dev/null", O_RDWR);

    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) {
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir",
               folder, "--save", "", "--appendonly", "no", (char *)NULL);
    }
    _exit(127);
}

/* NULL while the server is not ready. */
static inline redisContext *real_redis_connect(const char *socket)
{
    redisContext *context = redisConnectUnix(socket);
    redisReply *reply = context->err == 0 ? redisCommand(context, "PING") : NULL;

    if (reply != NULL && reply->type == REDIS_REPLY_STATUS) {
        freeReplyObject(reply);
        return context;
    }
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    redisFree(context);
    return NULL;
}

/* Until it answers, or has ended, or 20 seconds are over. */
static inline void real_redis_wait(struct real_redis *redis, const char *socket)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};

    for (int tries = 0; tries < 4000 && redis->context == NULL; tries++) {
        if (waitpid(redis->pid, NULL, WNOHANG) != 0) {
            return;
        }
        redis->context = real_redis_connect(socket);
        nanosleep(&pause, NULL);
    }
}

static inline void real_redis_start(struct real_redis *redis)
{
    char folder[] = "/tmp/slotway-redis-XXXXXX";
    char socket[sizeof folder + 8];
    pid_t parent = getpid();

    cr_assert_not_null(mkdtemp(folder));
    snprintf(socket, sizeof socket, "%s/socket", folder);
    *redis = (struct real_redis){.pid = fork()};
    cr_assert_geq(redis->pid, 0);
    if (redis->pid == 0) {
        real_redis_run(folder, socket, parent);
    }
    real_redis_wait(redis, socket);
    unlink(socket);
    rmdir(folder);
    cr_assert_not_null(redis->context, "redis-server does not run: is it on the PATH?");
}

static inline void real_redis_stop(struct real_redis *redis)
{
    redisFree(redis->context);
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
}

#endif
