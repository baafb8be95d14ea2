/* wire.h - a client's connection, down to the byte. All waits have a deadline of WAIT_MS.
 *
 * Texts that these return live until wire_close. One thread.
 */
#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

#include "tests/support/bytes.h"

struct tls;
struct tls_context;
struct wire;

/* A socket that is connected to 127.0.0.1:port and sends what it is given at once; -1 when nobody
 * listens there. */
int wire_connect(uint16_t port);

/* The same with all of the below; NULL when nobody listens there. */
struct wire *wire_open(uint16_t port);

/* Likewise over TLS, as `context` says, with a server whose certificate is for `name`. When the
 * handshake fails it is closed, and wire_problem says why. */
struct wire *wire_open_tls(uint16_t port, struct tls_context *context, const char *name);
const char *wire_problem(const struct wire *wire);
struct tls *wire_tls(struct wire *wire);
void wire_close(struct wire **wire);

/* Writes all of it, however long that takes; false when the peer has closed. */
bool wire_send_bytes(struct wire *wire, const void *at, size_t size);
bool wire_send(struct wire *wire, const char *format, ...) PRINTF(2, 3);

/* Writes what the kernel takes without waiting; returns how many bytes that was. */
size_t wire_send_some(struct wire *wire, const void *at, size_t size);

/* Writes one byte at a time, each in a segment of its own as far as TCP lets us. */
bool wire_send_in_pieces(struct wire *wire, const char *bytes);

/* Sends a request of NULL-terminated arguments: wire_request(wire, "GET", "k"). */
bool wire_request_list(struct wire *wire, const char *const *arguments);
#define wire_request(wire, ...) wire_request_list((wire), (const char *const[]){__VA_ARGS__, NULL})

/* Sends each line of a text like "MULTI|SET k 1|EXEC", in one piece. */
void wire_send_lines(struct wire *wire, const char *lines);

/* The same in the form that libraries write, arrays of strings. */
void wire_send_requests(struct wire *wire, const char *lines);

/* The next whole reply, raw, NULL when none came in time. *size may be NULL. */
const char *wire_reply(struct wire *wire, size_t *size);

/* The next reply as resp_text writes it; "(no reply)" or "(closed)" when there is none. */
const char *wire_text(struct wire *wire);

/* Request and reply in one. */
#define wire_ask(wire, ...) wire_ask_list((wire), (const char *const[]){__VA_ARGS__, NULL})
const char *wire_ask_list(struct wire *wire, const char *const *arguments);

/* The next strlen(bytes) bytes, escaped for reading, however many replies that is: equal to
 * wire_escaped(bytes) when all is well; fewer when the peer closed or said no more. */
const char *wire_bytes(struct wire *wire, const char *bytes);
const char *wire_escaped(struct wire *wire, const char *bytes);
#define wire_expect(wire, bytes)                                                                   \
    cr_expect_str_eq(wire_bytes((wire), (bytes)), wire_escaped((wire), (bytes)))

/* Has the peer closed, with nothing more said? Waits for it. */
bool wire_is_closed(struct wire *wire);

/* Is a byte waiting to be read, now? */
bool wire_has_input(struct wire *wire);

/* Has the peer closed, or said something that nobody asked for, now? */
bool wire_is_sent_away(struct wire *wire);

/* Says that nothing more will be sent, and still reads. */
void wire_finish_sending(struct wire *wire);

/* When it is closed the peer shall hear of it at once, by a reset. A mere close looks to the peer
 * like wire_finish_sending, until it writes. */
void wire_reset_on_close(struct wire *wire);

/* Makes the kernel's receive buffer small, so that a peer soon notices that nobody reads. */
void wire_shrink_receive_buffer(struct wire *wire);

#endif
