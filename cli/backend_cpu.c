/* SPDX-License-Identifier: Apache-2.0
 * In galen: the CPU trains here, GPUs in galen-train; see cli/backend.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/backend.h"

const char backend_help[] = "cpu (the default), or cuda, which galen-train does";

/* galen-train lies beside galen. */
static char *trainer_path(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self ? self : "./galen");
    return g_build_filename(folder, "galen-train", NULL);
}

static int start_trainer(char **argv)
{
    g_autofree char *path = trainer_path();
    execv(path, argv);
    if (errno == ENOENT)
        fprintf(stderr, "galen: there is no %s; training on GPUs is built where configure finds CUDA (--with-cuda=DIR), and --backend cpu needs none\n",
                path);
    else
        fprintf(stderr, "galen: cannot start %s: %s\n", path, g_strerror(errno));
    return EXIT_SYSTEM;
}

gboolean backend_is_here(const Command *command, const char *name, char **argv, int *status)
{
    if (!name || strcmp(name, "cpu") == 0)
        return TRUE;
    *status = strcmp(name, "cuda") == 0 ? start_trainer(argv) : command_usage(command, "there is no backend '%s'; there are cpu and cuda", name);
    return FALSE;
}
