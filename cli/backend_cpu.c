/* SPDX-License-Identifier: Apache-2.0
 * In galen-build: the CPU trains here, GPUs in galen-train; see cli/backend.h. */
#include <string.h>

#include "cli/backend.h"
#include "cli/program.h"

const char backend_help[] = "cpu (the default), or cuda, which galen-train does";

static int start_trainer(char **argv)
{
    return program_start_beside(
        "galen-train", "training on GPUs is built where configure finds CUDA (--with-cuda=DIR), and --backend cpu needs none", argv);
}

gboolean backend_is_here(const Command *command, const char *name, char **argv, int *status)
{
    if (!name || strcmp(name, "cpu") == 0)
        return TRUE;
    *status = strcmp(name, "cuda") == 0 ? start_trainer(argv) : command_usage(command, "there is no backend '%s'; there are cpu and cuda", name);
    return FALSE;
}
