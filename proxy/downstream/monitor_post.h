/* monitor_post.h - the lines of a worker on their way to the monitors of others.
 *
 *      lines ──> bulletin, not changed any more ──> a copy each for worker 1, 2, 4
 *                   ^ freed by the last of them        that have monitors, by mailbox
 *
 * A worker to which too much is under way already gets nothing but the message that it was so,
 * once, and then closes its monitors: what they are shown has no gaps.
 */
#ifndef PROXY_DOWNSTREAM_MONITOR_POST_H
#define PROXY_DOWNSTREAM_MONITOR_POST_H

struct clients;

/* Worker's thread of `from`: sends its lines, which it has none of then. */
void monitor_post(struct clients *from);

#endif
