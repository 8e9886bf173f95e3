/* SPDX-License-Identifier: Apache-2.0
 * cli/backend.h - which program trains: galen-build on the CPU, galen-train on GPUs.
 *
 * They are two programs so that galen-build starts where there is no CUDA library. Each links its own file of this header, and
 * cmd_train.c is the same in both.
 */
#ifndef CLI_BACKEND_H
#define CLI_BACKEND_H

#include "cli/command.h"

extern const char backend_help[]; /* of the option --backend */

/* `name` is what --backend was given, or NULL; `argv` the arguments before they were parsed, from the verb on. TRUE: this
 * program trains. FALSE: *status says how to exit. Where another program trains it takes this one's place, and the call
 * does not return. */
gboolean backend_is_here(const Command *command, const char *name, char **argv, int *status);

#endif
