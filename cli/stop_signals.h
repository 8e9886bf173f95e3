/* SPDX-License-Identifier: Apache-2.0
 * cli/stop_signals.h - SIGINT and SIGTERM as a wish to stop, for work that can end in good order.
 *
 * Sequence, once in a process: stop_signals_begin(); work looks at *stop_signals_flag() with g_atomic_int_get;
 * number = stop_signals_end(). The first signal sets the flag; a second one of its kind kills, as without all this.
 */
#ifndef CLI_STOP_SIGNALS_H
#define CLI_STOP_SIGNALS_H

void stop_signals_begin(void);
const int *stop_signals_flag(void); /* 0, or the number of the signal */
/* Signals kill again. The number of the signal that came, or 0. */
int stop_signals_end(void);

#endif
