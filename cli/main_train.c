/* SPDX-License-Identifier: Apache-2.0
 * galen-train: galen train on GPUs. `galen train --backend cuda ...` starts it with the same arguments. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "cli/commands.h"

int main(int argc, char **argv)
{
    /* A full disk or a closed pipe is an error to report, not a signal to die by. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");
    int status = command_train.run(&command_train, argc, argv);
    if (fflush(stdout) == 0 || errno == EPIPE)
        return status;
    fprintf(stderr, "galen: cannot write to standard output: %s\n", g_strerror(errno));
    return EXIT_SYSTEM;
}
