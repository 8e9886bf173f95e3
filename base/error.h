/* SPDX-License-Identifier: Apache-2.0
 * base/error.h - what can go wrong, as GError codes.
 *
 * Every function of Galen that can fail takes a `GError **` last and reports one of these codes. The codes are the
 * exit statuses of the command line, so that a cause deep in a library decides the status of the program. Callers add
 * what they were doing with g_prefix_error(error, "while ...: "). Libraries never print and never exit.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <glib.h>

#define GALEN_ERROR galen_error_quark()
GQuark galen_error_quark(void);

typedef enum {
    GALEN_ERROR_USAGE = 2,  /* the caller asked for something that does not exist or makes no sense */
    GALEN_ERROR_INPUT = 3,  /* bytes from outside are not what they should be */
    GALEN_ERROR_SYSTEM = 4, /* the machine refused: disk full, permission, memory, a killed child */
} GalenErrorCode;

/* Sets a GALEN_ERROR_SYSTEM error from errno: "MESSAGE: No space left on device". */
void galen_error_set_errno(GError **error, int saved_errno, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The exit status for an error of any domain: its own code if it is a GALEN_ERROR, else GALEN_ERROR_SYSTEM. */
int galen_error_status(const GError *error);

#endif
