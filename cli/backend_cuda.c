/* SPDX-License-Identifier: Apache-2.0
 * In galen-train: GPUs train here; see cli/backend.h. */
#include <stdio.h>
#include <string.h>

#include "cli/backend.h"
#include "train/cuda/backend.h"

const char backend_help[] = "cuda: nothing else is in this program; galen has the CPU";

gboolean backend_is_here(const Command *command, const char *name, char **argv, int *status)
{
    const char *reason = NULL;
    if (name && strcmp(name, "cuda") != 0) {
        *status = command_usage(command, "this is galen-train, which has no backend '%s'; use galen train --backend cpu", name);
        return FALSE;
    }
    if (backend_cuda_devices(&reason))
        return TRUE;
    fprintf(stderr, "galen: there is no GPU to train on: %s; galen train --backend cpu needs none\n", reason);
    *status = EXIT_SYSTEM;
    return FALSE;
}
