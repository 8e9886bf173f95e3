/* SPDX-License-Identifier: Apache-2.0
 * Starts a jailed program, reads what it prints, buries it; see base/jail.h. */
#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/jail_rights.h"

#define WALL_PER_CPU 4
#define MESSAGES_LIMIT ((gsize)8 << 10)
#define DESCRIPTORS 64

enum { PIPE_OUTPUT, PIPE_MESSAGES, PIPE_START, PIPES };

typedef struct Jail {
    const char *const *argv;
    const JailLimits *limits;
    JailRights *rights;
    const char *folder;
    int ends[PIPES][2];
    pid_t parent, pid;
    gint64 deadline;
} Jail;

/* ---- The child: system calls and nothing else, since other threads may hold any lock ---------------------------- */

static gboolean set_limit(__rlimit_resource_t resource, guint64 soft, guint64 hard)
{
    struct rlimit limit = {soft, hard};
    return setrlimit(resource, &limit) == 0;
}

static gboolean child_limits(const JailLimits *limits)
{
    return (!limits->memory_bytes || set_limit(RLIMIT_AS, limits->memory_bytes, limits->memory_bytes)) &&
           set_limit(RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1) &&
           set_limit(RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes) &&
           set_limit(RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS) && set_limit(RLIMIT_CORE, 0, 0);
}

static gboolean child_descriptors(const Jail *jail)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(jail->ends[PIPE_OUTPUT][1], STDOUT_FILENO) >= 0 &&
           dup2(jail->ends[PIPE_MESSAGES][1], STDERR_FILENO) >= 0 && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void child_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static G_GNUC_NORETURN void child_main(const Jail *jail)
{
    char *const empty[] = {NULL};
    child_signals();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == jail->parent && setsid() >= 0 && chdir(jail->folder) == 0 &&
        child_descriptors(jail) && child_limits(jail->limits) && jail_rights_take(jail->rights))
        execve(jail->argv[0], (char *const *)jail->argv, empty);
    int reason = errno;
    ssize_t ignored = write(jail->ends[PIPE_START][1], &reason, sizeof reason);
    (void)ignored;
    _exit(127);
}

/* ---- The parent ------------------------------------------------------------------------------------------------- */

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static void close_pipes(Jail *jail)
{
    for (int i = 0; i < PIPES; i++)
        for (int side = 0; side < 2; side++)
            close_end(&jail->ends[i][side]);
}

/* FALSE: the program never started, and `error` says why. */
static gboolean jail_start(Jail *jail, GError **error)
{
    for (int i = 0; i < PIPES; i++)
        if (pipe2(jail->ends[i], O_CLOEXEC) != 0) {
            galen_error_set_errno(error, errno, "cannot make a pipe to %s", jail->argv[0]);
            return FALSE;
        }
    jail->parent = getpid();
    jail->pid = fork();
    if (jail->pid == 0)
        child_main(jail);
    int reason = errno;
    if (jail->pid > 0) {
        for (int i = 0; i < PIPES; i++)
            close_end(&jail->ends[i][1]);
        ssize_t got;
        while ((got = read(jail->ends[PIPE_START][0], &reason, sizeof reason)) < 0 && errno == EINTR)
            ;
        if (got == 0)
            return TRUE;
    }
    galen_error_set_errno(error, reason, "cannot start %s in a jail", jail->argv[0]);
    return FALSE;
}

/* Reads what a pipe holds; closes it at its end. FALSE: there was more than the buffer takes. */
static gboolean drain(int *end, Buffer *buffer)
{
    char piece[65536];
    ssize_t got = read(*end, piece, sizeof piece);
    if (got < 0)
        return TRUE;
    if (got == 0)
        close_end(end);
    gsize room = buffer->limit - buffer->length;
    buffer_append(buffer, piece, MIN((gsize)got, room));
    return (gsize)got <= room;
}

static SandboxFailure jail_listen(Jail *jail, JailResult *result)
{
    int *output = &jail->ends[PIPE_OUTPUT][0], *messages = &jail->ends[PIPE_MESSAGES][0];
    while (*output >= 0 || *messages >= 0) {
        gint64 left = (jail->deadline - g_get_monotonic_time()) / 1000;
        if (left <= 0)
            return SANDBOX_TIMED_OUT;
        struct pollfd ends[] = {{.fd = *output, .events = POLLIN}, {.fd = *messages, .events = POLLIN}};
        if (poll(ends, G_N_ELEMENTS(ends), (int)MIN(left, G_MAXINT)) <= 0)
            continue;
        if (ends[0].revents && !drain(output, &result->output))
            return SANDBOX_TOO_LARGE;
        if (ends[1].revents)
            drain(messages, &result->messages);
    }
    return SANDBOX_OK;
}

/* Waits for the end of a program that has closed its pipes already, up to the deadline. */
static gboolean jail_wait(Jail *jail, int *status)
{
    for (gint64 pause = 100; g_get_monotonic_time() < jail->deadline; pause = MIN(pause * 2, 20000)) {
        pid_t ended = waitpid(jail->pid, status, WNOHANG);
        if (ended == jail->pid)
            return TRUE;
        g_usleep((gulong)pause);
    }
    return FALSE;
}

static void jail_bury(Jail *jail, JailResult *result)
{
    int status = 0;
    result->failure = jail_listen(jail, result);
    if (result->failure != SANDBOX_OK || !jail_wait(jail, &status)) {
        if (result->failure == SANDBOX_OK)
            result->failure = SANDBOX_TIMED_OUT;
        kill(jail->pid, SIGKILL);
        while (waitpid(jail->pid, &status, 0) < 0 && errno == EINTR)
            ;
        return;
    }
    if (WIFEXITED(status))
        result->exit_status = WEXITSTATUS(status);
    else
        result->failure = WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL ? SANDBOX_TIMED_OUT : SANDBOX_CRASHED;
}

static gboolean write_input(const char *folder, const void *input, gsize length, GError **error)
{
    g_autofree char *path = g_build_filename(folder, JAIL_INPUT, NULL);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    const char *at = input, *end = at + length;
    while (file >= 0 && at < end) {
        ssize_t written = write(file, at, (gsize)(end - at));
        if (written < 0 && errno != EINTR)
            break;
        at += MAX(written, 0);
    }
    int reason = errno;
    if (file >= 0)
        close(file);
    if (file >= 0 && at == end)
        return TRUE;
    galen_error_set_errno(error, reason, "cannot write %s", path);
    return FALSE;
}

/* The filter allows plain files only, so there is nothing to descend into. */
static void remove_folder(const char *folder)
{
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

gboolean jail_run(const char *const argv[], const void *input, gsize length, const JailLimits *limits,
                  JailResult *result, GError **error)
{
    *result = (JailResult){0};
    buffer_init(&result->output, limits->output_bytes);
    buffer_init(&result->messages, MESSAGES_LIMIT);
    g_autofree char *folder = g_dir_make_tmp("galen-jail-XXXXXX", error);
    if (!folder) {
        g_prefix_error(error, "while making a folder for %s: ", argv[0]);
        return FALSE;
    }
    Jail jail = {.argv = argv, .limits = limits, .folder = folder, .ends = {{-1, -1}, {-1, -1}, {-1, -1}}};
    g_autoptr(JailRights) rights = jail_rights_new(argv[0], folder, error);
    jail.rights = rights;
    jail.deadline = g_get_monotonic_time() + (gint64)limits->cpu_seconds * WALL_PER_CPU * G_USEC_PER_SEC;
    gboolean good = rights && write_input(folder, input, length, error) && jail_start(&jail, error);
    if (good)
        jail_bury(&jail, result);
    else if (jail.pid > 0)
        while (waitpid(jail.pid, NULL, 0) < 0 && errno == EINTR)
            ;
    close_pipes(&jail);
    remove_folder(folder);
    return good;
}

void jail_result_clear(JailResult *result)
{
    buffer_clear(&result->output);
    buffer_clear(&result->messages);
}
