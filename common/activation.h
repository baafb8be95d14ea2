/* activation.h - sockets that systemd has opened for us, as a .socket unit says.
 *
 *      LISTEN_PID=123  LISTEN_FDS=2  LISTEN_FDNAMES=main:admin        descriptors 3 and 4
 *            └─ ours? ─> each of them that listens ─> inherited.h
 */
#ifndef COMMON_ACTIVATION_H
#define COMMON_ACTIVATION_H

/* Takes them, and the variables out of the environment. Once, in the main thread, before other
 * threads and before anything is run. */
void activation_take(void);

#endif
