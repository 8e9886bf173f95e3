/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/devtools.h - the Chrome DevTools Protocol over a pair of pipes.
 *
 * Messages are JSON with a NUL behind each (what --remote-debugging-pipe speaks). devtools_call sends a command and
 * waits for its answer; devtools_send sends one and goes on; devtools_step takes one message. Events that come meanwhile
 * go to the handler, which may send but not call, and so do answers to devtools_send: as method "", the whole message for
 * params. Times are of g_get_monotonic_time. Text with half a surrogate pair makes a message unreadable, and it is passed
 * over: ask for well-formed text.
 * After CLOSED, TIMED_OUT or TOO_LARGE the two sides are out of step: the browser has to be started again.
 */
#ifndef SCRAPERS_FETCH_DEVTOOLS_H
#define SCRAPERS_FETCH_DEVTOOLS_H

#include "base/json.h"

typedef enum {
    DEVTOOLS_OK,
    DEVTOOLS_CLOSED,    /* the browser ended */
    DEVTOOLS_TIMED_OUT,
    DEVTOOLS_TOO_LARGE, /* a message over DEVTOOLS_LIMIT */
    DEVTOOLS_REFUSED,   /* the browser answered with an error */
} DevToolsResult;

#define DEVTOOLS_LIMIT ((gsize)512 << 20)

typedef void (*DevToolsHandler)(const char *session, const char *method, json_t *params, gpointer user);
typedef struct DevTools DevTools;

/* Takes both descriptors. */
DevTools *devtools_new(int commands, int messages, DevToolsHandler handler, gpointer user);
/* Takes `params`, which may be NULL; so may `session` and `answer`. The caller frees *answer. */
DevToolsResult devtools_call(DevTools *devtools, const char *session, const char *method, json_t *params, gint64 deadline,
                             json_t **answer);
/* Returns the number of the command, the "id" of its answer. */
json_int_t devtools_send(DevTools *devtools, const char *session, const char *method, json_t *params);
DevToolsResult devtools_step(DevTools *devtools, gint64 deadline);
void devtools_free(DevTools *devtools);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DevTools, devtools_free)

#endif
