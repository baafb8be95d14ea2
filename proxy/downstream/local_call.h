/* local_call.h - a request that slotway answers itself, as its handler sees it.
 *
 * Handlers are rows of local_handlers.def. Each composes one reply, or none after CLIENT REPLY OFF
 * and SKIP. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_LOCAL_CALL_H
#define PROXY_DOWNSTREAM_LOCAL_CALL_H

#include "proxy/downstream/client.h"

/* All of it is borrowed until the handler returns. */
struct local_call {
    struct client *client;
    const struct command *command;
    const struct arguments *arguments;
    struct block *block; /* keeps `bytes` */
    struct span bytes;   /* the request as it would go to a node */
};

typedef void local_handler(const struct local_call *call);

#define LOCAL_HANDLER(symbol, function) local_handler function;
#include "proxy/downstream/local_handlers.def"

/* Where the reply goes; call_end when it is complete. */
struct sendq *call_begin(const struct local_call *call);
void call_end(const struct local_call *call);

/* The plain replies. */
void call_status(const struct local_call *call, const char *text);
void call_integer(const struct local_call *call, int64_t number);
void call_bulk(const struct local_call *call, struct span bytes);

/* A null bulk for NULL. */
void call_text(const struct local_call *call, const char *text);

/* Text for people: a verbatim string in RESP3. */
void call_verbatim(const struct local_call *call, const char *text);

/* An error in Redis's words, code first; CR and LF of a client's own words become blanks. */
void call_error(const struct local_call *call, const char *format, ...) PRINTF(2, 3);

/* "ERR syntax error". */
void call_syntax_error(const struct local_call *call);

/* "ERR wrong number of arguments for '…' command". */
void call_bad_arity(const struct local_call *call);

/* "ERR unknown subcommand or wrong number of arguments for '…'. Try … HELP." */
void call_bad_subcommand(const struct local_call *call);

static inline uint32_t call_count(const struct local_call *call)
{
    return call->arguments->count;
}

static inline struct span call_word(const struct local_call *call, uint32_t index)
{
    CHECK(index < call->arguments->count);
    return call->arguments->items[index];
}

/* The request that the call is about: its arguments from `from` on, at least one. */
static inline struct arguments call_inner(const struct local_call *call, uint32_t from)
{
    CHECK(from < call->arguments->count);
    return (struct arguments){
        .items = call->arguments->items + from,
        .count = call->arguments->count - from,
    };
}

/* For %.*s of a client's word: Redis shows no more of it either. */
static inline int call_shown(struct span word)
{
    return (int)size_min(word.size, 128);
}

#endif
