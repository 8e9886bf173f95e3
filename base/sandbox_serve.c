/* SPDX-License-Identifier: Apache-2.0
 * The child's side of the sandbox: give up all rights, then answer; see base/sandbox.h. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sandbox.h"

#define REQUEST_LIMIT ((guint64)1 << 32)

/* What a program needs that only computes and talks over a channel that is open already. Everything else answers
 * EPERM: libraries that look for a file or a time zone go on without it, and an intruder has nothing to call. */
static const int allowed_calls[] = {
    SCMP_SYS(read),         SCMP_SYS(write),       SCMP_SYS(mmap),         SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(mprotect),    SCMP_SYS(madvise),      SCMP_SYS(brk),
    SCMP_SYS(futex),        SCMP_SYS(exit),        SCMP_SYS(exit_group),   SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(setitimer),
    SCMP_SYS(getpid),       SCMP_SYS(gettid),      SCMP_SYS(tgkill),       SCMP_SYS(clock_gettime),
    SCMP_SYS(getrandom),    SCMP_SYS(sched_yield), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
};

static gboolean lock_down(void)
{
    struct rlimit none = {0, 0};
    closefrom(STDERR_FILENO + 1); /* a file that was inherited open can be read and written without any other right */
    if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_NOFILE, &none) < 0)
        return FALSE;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return FALSE;
    int result = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(allowed_calls) && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0;
}

static gboolean channel_read(void *data, gsize length)
{
    for (char *at = data; length;) {
        ssize_t got = read(STDIN_FILENO, at, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FALSE;
        at += got;
        length -= (gsize)got;
    }
    return TRUE;
}

static gboolean channel_write(const void *data, gsize length)
{
    for (const char *at = data; length;) {
        ssize_t sent = write(STDIN_FILENO, at, length);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return FALSE;
        at += sent;
        length -= (gsize)sent;
    }
    return TRUE;
}

/* SIGPROF, which nobody catches, ends the process when this much CPU time has passed. */
static void limit_cpu(guint64 seconds)
{
    struct itimerval timer = {.it_value.tv_sec = (time_t)seconds};
    setitimer(ITIMER_PROF, &timer, NULL);
}

int sandbox_serve(SandboxHandler handler, gpointer user)
{
    guint64 header[2];
    if (!lock_down())
        return EXIT_FAILURE;
    while (channel_read(header, sizeof header)) {
        guint64 length = GUINT64_FROM_LE(header[0]);
        if (length > REQUEST_LIMIT)
            return EXIT_FAILURE;
        g_autofree char *request = g_try_malloc(length + 1);
        if (!request || !channel_read(request, length))
            return EXIT_FAILURE;
        request[length] = '\0';
        g_auto(Buffer) reply;
        buffer_init(&reply, G_MAXUINT32);
        limit_cpu(GUINT64_FROM_LE(header[1]));
        handler(request, length, &reply, user);
        limit_cpu(0);
        guint64 reply_length = GUINT64_TO_LE(reply.length);
        if (!channel_write(&reply_length, sizeof reply_length) || !channel_write(reply.data, reply.length))
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
