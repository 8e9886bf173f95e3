/* SPDX-License-Identifier: Apache-2.0
 * How programs begin and end; see cli/program.h. */
#include "cli/program.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"

void program_begin(void)
{
    /* A full disk or a closed pipe is an error to report, not a signal to die by. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");
}

/* The program that is running lies where it was installed or built, however it was called. */
static char *path_beside(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    if (!self)
        return NULL;
    g_autofree char *folder = g_path_get_dirname(self);
    return g_build_filename(folder, name, NULL);
}

int program_start_beside(const char *name, const char *remedy, char **argv)
{
    g_autofree char *path = path_beside(name);
    if (!path) {
        fprintf(stderr, "galen: cannot tell where %s is: /proc/self/exe: %s\n", name, g_strerror(errno));
        return EXIT_SYSTEM;
    }
    /* The threads that OpenBLAS starts with every process spin for a while; ours share a product out among themselves (train/cpu/ops.c). */
    g_setenv("OPENBLAS_NUM_THREADS", "1", TRUE);
    execv(path, argv);
    if (errno == ENOENT)
        fprintf(stderr, "galen: there is no %s; %s\n", path, remedy);
    else
        fprintf(stderr, "galen: cannot start %s: %s\n", path, g_strerror(errno));
    return EXIT_SYSTEM;
}

int program_start_build(char **argv)
{
    return program_start_beside(
        "galen-build", "it does all but why, show, list and duplicates, and belongs beside galen, where make and make install put it", argv);
}

/* A result that did not reach its file is a failure, whatever the verb thinks; but a reader like head(1), which closes
 * its pipe when it has enough, is content. */
int program_end(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    int saved = errno;
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (saved == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
        return status;
    fprintf(stderr, "galen: cannot write to standard output: %s\n", saved ? g_strerror(saved) : "what was printed is not whole");
    return EXIT_SYSTEM;
}
