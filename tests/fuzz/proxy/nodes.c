#include "tests/fuzz/proxy/nodes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/log.h"
#include "common/socket.h"
#include "tests/fuzz/proxy/speech.h"

enum {
    READ_ROOM = 16 * 1024,
    TIGHT_BYTES = 4608, /* the kernel's least is about that */
};

static const struct scan_limits limits = {1024, 1 << 20, 1 << 21, true};
static struct nodes *listening;

/* Two of each half of the slots, and one for requests that have none. */
static const char *const tags[LEDGER_TAGS] = {"b", "c", "a", "foo", "none"};

const char *tag_name(uint8_t tag)
{
    return tags[tag];
}

bool key_read(struct span key, uint8_t *tag, uint16_t *uid)
{
    for (uint8_t i = 0; i < LEDGER_TAGS; i++) {
        char prefix[16];
        int64_t number;
        size_t size = (size_t)snprintf(prefix, sizeof prefix, "{%s}:", tags[i]);

        if (span_starts_with(key, (struct span){prefix, size}) &&
            span_to_int64((struct span){key.at + size, key.size - size}, &number) && number > 0 &&
            number <= LEDGER_UIDS) {
            *tag = i;
            *uid = (uint16_t)number;
            return true;
        }
    }
    return false;
}

void nodes_open(struct nodes *nodes, struct ledger *ledger, const uint64_t *now)
{
    *nodes = (struct nodes){.ledger = ledger, .now = now};
    for (size_t i = 0; i < LINES; i++) {
        nodes->lines[i].fd = -1;
    }
    listening = nodes;
}

static struct errand *line_errand(struct line *line, uint16_t number)
{
    return &line->errands[(line->errand_first + number) % ERRANDS];
}

/* Refusals that did not get there are none. */
static void line_lose(struct nodes *nodes, struct line *line)
{
    for (uint16_t i = 0; i < line->errand_count; i++) {
        if (line_errand(line, i)->uid > 0) {
            ledger_on_lost(nodes->ledger, line_errand(line, i)->uid, line_errand(line, i)->tag);
        }
    }
    for (uint16_t i = 0; i < line->refusal_count; i++) {
        const struct errand *errand = &line->refusals[i].errand;

        ledger_on_lost(nodes->ledger, errand->uid, errand->tag);
    }
}

static void line_drop(struct nodes *nodes, struct line *line)
{
    line_lose(nodes, line);
    close(line->fd);
    bytes_clear(&line->in);
    bytes_clear(&line->out);
    *line = (struct line){.fd = -1};
}

void nodes_close(struct nodes *nodes)
{
    for (size_t i = 0; i < LINES; i++) {
        if (nodes->lines[i].fd >= 0) {
            line_drop(nodes, &nodes->lines[i]);
        }
    }
    arguments_clear(&nodes->arguments);
    listening = NULL;
}

static struct line *line_new(struct nodes *nodes)
{
    for (size_t i = 0; i < LINES; i++) {
        if (nodes->lines[i].fd < 0) {
            return &nodes->lines[i];
        }
    }
    return NULL;
}

static uint16_t port_of(const struct endpoint *endpoint)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&endpoint->storage;

    return endpoint->storage.ss_family == AF_INET ? ntohs(v4->sin_port) : 0;
}

static void make_tight(int fd)
{
    int size = TIGHT_BYTES;

    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
}

/* A socket that is never writable looks like a connection that is never made. */
static void make_hang(int fd)
{
    static const char nothing[1024];

    make_tight(fd);
    while (send(fd, nothing, sizeof nothing, MSG_NOSIGNAL) > 0) {
    }
}

int __wrap_socket_connect(const struct endpoint *endpoint);
int __wrap_socket_connect_error(int fd);

/* Refusals are told later, as for a connection that another machine refuses. */
int __wrap_socket_connect(const struct endpoint *endpoint)
{
    struct line *line = line_new(listening);
    uint16_t node = (uint16_t)(port_of(endpoint) - NODE_PORT);
    int fds[2];

    if (line == NULL) {
        errno = EMFILE;
        return -1;
    }
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);

    enum node_mode mode = node < NODES ? listening->modes[node] : NODE_REFUSING;

    *line = (struct line){
        .fd = fds[0],
        .theirs = fds[1],
        .node = (uint8_t)(node < NODES ? node : 0),
        .is_refused = mode == NODE_REFUSING,
        .is_hanging = mode == NODE_HANGING,
        .is_tight = mode == NODE_TIGHT || mode == NODE_DEAF,
    };
    if (line->is_hanging) {
        make_hang(fds[1]);
    } else if (line->is_tight) {
        make_tight(fds[1]);
    }
    return fds[1];
}

int __wrap_socket_connect_error(int fd)
{
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &listening->lines[i];

        if (line->fd >= 0 && line->theirs == fd) {
            line->theirs = -1;
            return line->is_refused ? ECONNREFUSED : 0;
        }
    }
    return 0;
}

static uint8_t kind_of(struct span name)
{
    static const struct {
        const char *name;
        enum errand_kind kind;
    } kinds[] = {
        {"DEL", ERRAND_SUM},
        {"MSET", ERRAND_OK},
        {"MGET", ERRAND_KEYS},
        {"DBSIZE", ERRAND_HERE},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (span_equal_nocase(name, span_of(kinds[i].name))) {
            return (uint8_t)kinds[i].kind;
        }
    }
    return ERRAND_VALUE;
}

static struct errand errand_read(const struct arguments *arguments)
{
    struct errand errand = {.kind = ERRAND_OTHER};
    struct span name = arguments->items[0];

    for (uint32_t i = 1; i < arguments->count; i++) {
        errand.keys += key_read(arguments->items[i], &errand.tag, &errand.uid);
    }
    if (errand.uid > 0 || kind_of(name) == ERRAND_HERE) {
        errand.kind = kind_of(name);
    }
    if (span_equal_nocase(name, SPAN("CLUSTER"))) {
        errand.kind = ERRAND_WHO;
    }
    errand.is_script = span_equal_nocase(name, SPAN("EVAL"));
    return errand;
}

static void line_take(struct nodes *nodes, struct line *line)
{
    struct errand errand = errand_read(&nodes->arguments);

    CHECK(line->errand_count < ERRANDS);
    *line_errand(line, line->errand_count++) = errand;
    log_debug("node got", "node=%u request=%u tag=%u", line->node, errand.uid, errand.tag);
    if (errand.uid > 0) {
        ledger_on_received(nodes->ledger,
                           (struct arrival_note){
                               .uid = errand.uid,
                               .tag = errand.tag,
                               .keys = errand.keys,
                               .is_uncertain = line->is_tight,
                           },
                           *nodes->now);
        if (line->is_blurred) {
            ledger_deed(nodes->ledger, errand.uid, errand.tag)->is_blurred = true;
        }
    }
}

static void line_parse(struct nodes *nodes, struct line *line)
{
    size_t used = 0;

    while (line->in.size > 0) {
        struct span input = {line->in.at, line->in.size};

        request_scan_reset(&nodes->scan);
        enum scan_result result =
            request_scan_next(&nodes->scan, &limits, input, &nodes->arguments, &used);

        CHECK(result != SCAN_BAD && !nodes->scan.is_inline);
        if (result == SCAN_MORE) {
            return;
        }
        if (nodes->arguments.count > 0) {
            line_take(nodes, line);
        }
        bytes_drop(&line->in, used);
    }
}

/* An error is taken for the answer to what has come in part. */
static void line_blur_rest(struct nodes *nodes, struct line *line)
{
    struct span rest = {line->in.at, line->in.size};

    while (line->is_blurred && rest.size > 0) {
        const char *brace = memchr(rest.at, '{', rest.size);
        size_t skip = brace == NULL ? rest.size : (size_t)(brace - rest.at);
        uint8_t tag;
        uint16_t uid;

        rest = (struct span){rest.at + skip, rest.size - skip};

        const char *end = rest.size == 0 ? NULL : memchr(rest.at, '\r', rest.size);

        if (end != NULL && key_read((struct span){rest.at, (size_t)(end - rest.at)}, &tag, &uid)) {
            ledger_deed(nodes->ledger, uid, tag)->is_blurred = true;
        }
        rest = (struct span){rest.at + (rest.size > 0), rest.size - (rest.size > 0)};
    }
}

/* Takes what has come; what the other end closed goes when all of it has been taken. */
static void line_listen(struct nodes *nodes, struct line *line)
{
    for (;;) {
        ssize_t got = recv(line->fd, bytes_room(&line->in, READ_ROOM), READ_ROOM, 0);

        if (got > 0) {
            bytes_added(&line->in, (size_t)got);
            continue;
        }
        line_parse(nodes, line);
        line_blur_rest(nodes, line);
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            line_drop(nodes, line);
        }
        return;
    }
}

/* What a deaf node gets stays in the socket, unless others must know now. */
static bool line_is_heard(const struct nodes *nodes, const struct line *line, bool all)
{
    return all || line->is_blurred || nodes->modes[line->node] != NODE_DEAF;
}

/* Nothing is read from it, so that it stays full; gone it is when the other end is closed. */
static void line_watch_hanging(struct nodes *nodes, struct line *line)
{
    struct pollfd watch = {.fd = line->fd, .events = POLLRDHUP};

    if (poll(&watch, 1, 0) > 0 && (watch.revents & (POLLRDHUP | POLLHUP)) != 0) {
        line_drop(nodes, line);
    }
}

void nodes_listen(struct nodes *nodes, bool all)
{
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &nodes->lines[i];

        if (line->fd < 0) {
            continue;
        }
        if (line->is_hanging) {
            line_watch_hanging(nodes, line);
        } else if (line_is_heard(nodes, line, all)) {
            line_listen(nodes, line);
        }
    }
}

static void note(struct nodes *nodes, struct line *line, const struct errand *errand,
                 enum answer answer)
{
    if (errand->uid == 0) {
        return;
    }
    if (speech_is_refusal(errand, answer)) {
        CHECK(line->refusal_count < ERRANDS);
        line->refusals[line->refusal_count].end = line->said;
        line->refusals[line->refusal_count].is_moving =
            answer == ANSWER_ASK || answer == ANSWER_TRYAGAIN;
        line->refusals[line->refusal_count++].errand = *errand;
        return;
    }

    struct deed *deed = ledger_deed(nodes->ledger, errand->uid, errand->tag);

    deed->is_loose = deed->is_loose || answer == ANSWER_FAR_MOVED ||
                     (answer == ANSWER_ERROR && errand->is_script);
    log_debug("node executed", "node=%u request=%u tag=%u", line->node, errand->uid, errand->tag);
    ledger_on_executed(nodes->ledger, errand->uid, errand->tag, *nodes->now);
}

void line_answer(struct nodes *nodes, struct line *line, enum answer answer, uint8_t where)
{
    if (line->errand_count == 0 || line->refusal_count == ERRANDS) {
        return;
    }

    struct errand errand = *line_errand(line, 0);

    line->errand_first = (uint16_t)((line->errand_first + 1) % ERRANDS);
    line->errand_count--;
    answer = speech_sensible(&errand, answer);
    speech_say(line, &errand, answer, where);
    note(nodes, line, &errand, answer);
}

void line_answer_all(struct nodes *nodes, struct line *line)
{
    while (line->errand_count > 0) {
        line_answer(nodes, line, ANSWER_BULK, 0);
    }
}

void line_blurt(struct nodes *nodes, struct line *line, struct span text, bool is_reply)
{
    bytes_add(&line->out, text.at, text.size);
    line->said += text.size;
    line->is_blurred = nodes->ledger->has_blurred = true;
    line->is_garbled = line->is_garbled || !is_reply;
    line_listen(nodes, line);
    for (uint16_t i = 0; line->fd >= 0 && i < line->errand_count; i++) {
        const struct errand *errand = line_errand(line, i);

        if (errand->uid > 0) {
            ledger_deed(nodes->ledger, errand->uid, errand->tag)->is_blurred = true;
        }
    }
}

/* A refusal counts once the proxy can have read it. */
static void line_settle_refusals(struct nodes *nodes, struct line *line)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < line->refusal_count; i++) {
        const struct errand *errand = &line->refusals[i].errand;

        if (line->refusals[i].end > line->delivered) {
            line->refusals[kept++] = line->refusals[i];
            continue;
        }
        log_debug("node refused", "node=%u request=%u tag=%u", line->node, errand->uid,
                  errand->tag);
        ledger_on_refused(nodes->ledger,
                          (struct refusal_note){
                              .uid = errand->uid,
                              .tag = errand->tag,
                              .is_uncertain = line->is_tight,
                              .is_moving = line->refusals[i].is_moving && !errand->is_orphan,
                          });
    }
    line->refusal_count = kept;
}

void line_deliver(struct nodes *nodes, struct line *line, size_t size)
{
    if (line->out.size == 0) {
        return;
    }

    ssize_t sent = send(line->fd, line->out.at, size_min(size, line->out.size), MSG_NOSIGNAL);

    if (sent <= 0) {
        return;
    }
    bytes_drop(&line->out, (size_t)sent);
    line->delivered += (uint64_t)sent;
    line_settle_refusals(nodes, line);
}

void line_close(struct nodes *nodes, struct line *line, size_t executed)
{
    line_listen(nodes, line);
    if (line->fd < 0) {
        return;
    }
    for (uint16_t i = 0; i < line->errand_count && i < executed; i++) {
        note(nodes, line, line_errand(line, i), ANSWER_STATUS);
    }
    line_drop(nodes, line);
}

static void errand_on_silent(struct nodes *nodes, struct errand *errand, unsigned left)
{
    if (errand->uid == 0) {
        return;
    }

    struct deed *deed = ledger_deed(nodes->ledger, errand->uid, errand->tag);

    errand->is_orphan = errand->is_orphan || !deed->is_write;
    if ((left & 1u << errand->tag) != 0) {
        deed->until = *nodes->now;
    }
}

static void line_on_silent(struct nodes *nodes, struct line *line, unsigned left)
{
    for (uint16_t i = 0; i < line->errand_count; i++) {
        errand_on_silent(nodes, line_errand(line, i), left);
    }
    for (uint16_t i = 0; i < line->refusal_count; i++) {
        errand_on_silent(nodes, &line->refusals[i].errand, left);
    }
}

/* What has come at other nodes meanwhile was sent since: it is taken when this is noted. */
void nodes_on_silent(struct nodes *nodes, uint16_t port, unsigned left)
{
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &nodes->lines[i];

        if (line->fd < 0 || line->is_hanging || line->node + NODE_PORT != port) {
            continue;
        }
        line_listen(nodes, line);
        if (line->fd >= 0) {
            line_on_silent(nodes, line, left);
        }
    }
}
