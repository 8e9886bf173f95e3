/* SPDX-License-Identifier: Apache-2.0
 * A handler that leaves a note; see cli/stop_signals.h. */
#include "cli/stop_signals.h"

#include <glib.h>
#include <signal.h>

/* The one variable of the program that is global and changes: a handler gets no pointer. (Signals cannot be blocked for a
 * thread of ours to wait for them instead, because OpenBLAS has started threads before main.) */
static int came;

static void note_signal(int number)
{
    g_atomic_int_set(&came, number);
}

void stop_signals_begin(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | SA_RESETHAND};
    g_atomic_int_set(&came, 0);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const int *stop_signals_flag(void)
{
    return &came;
}

int stop_signals_end(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    return g_atomic_int_get(&came);
}
