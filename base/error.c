/* SPDX-License-Identifier: Apache-2.0
 * Error codes that double as exit statuses; see base/error.h. */
#include "base/error.h"

G_DEFINE_QUARK(galen-error-quark, galen_error)

void galen_error_set_errno(GError **error, int saved_errno, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: %s", message, g_strerror(saved_errno));
}

int galen_error_status(const GError *error)
{
    return error->domain == GALEN_ERROR ? error->code : GALEN_ERROR_SYSTEM;
}
