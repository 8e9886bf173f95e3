/* SPDX-License-Identifier: Apache-2.0
 * The child's side of the sandbox: give up all rights, then answer; see base/sandbox.h. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/sandbox_arena.h"

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

typedef struct Request {
    char *bytes;
    gsize length;
    char *owned; /* not in the arena */
    gboolean in_arena;
} Request;

/* The next request, whose time begins to run. FALSE at the end, or when the parent's bytes make no sense. */
static gboolean receive_request(char *arena, Request *request)
{
    guint64 header[3];
    if (!channel_read(header, sizeof header))
        return FALSE;
    *request = (Request){.length = GUINT64_FROM_LE(header[0]), .in_arena = header[2] != 0};
    if (request->length > REQUEST_LIMIT || (request->in_arena && (!arena || request->length >= SANDBOX_ARENA_HALF)))
        return FALSE;
    if (!request->in_arena) {
        request->owned = g_try_malloc(request->length + 1);
        if (!request->owned || !channel_read(request->owned, request->length))
            return FALSE;
        request->owned[request->length] = '\0';
    }
    request->bytes = request->in_arena ? arena : request->owned;
    limit_cpu(GUINT64_FROM_LE(header[1]));
    return TRUE;
}

static gboolean send_reply(char *arena, const Buffer *reply)
{
    gboolean fits = arena && reply->length <= SANDBOX_ARENA_HALF;
    guint64 header[2] = {GUINT64_TO_LE(reply->length), GUINT64_TO_LE(fits)};
    limit_cpu(0);
    if (fits && reply->length)
        memcpy(arena + SANDBOX_ARENA_HALF, reply->data, reply->length);
    return channel_write(header, sizeof header) && (fits || channel_write(reply->data, reply->length));
}

int sandbox_serve(SandboxHandler handler, gpointer user)
{
    char *arena = sandbox_arena_inherit();
    Request request = {0};
    gboolean good = TRUE;
    if (!lock_down())
        return EXIT_FAILURE;
    g_auto(Buffer) reply;
    buffer_init(&reply, G_MAXUINT32);
    while (good && receive_request(arena, &request)) {
        buffer_reset(&reply);
        handler(request.bytes, request.length, &reply, user);
        good = send_reply(arena, &reply);
        g_clear_pointer(&request.owned, g_free);
        if (reply.capacity > SANDBOX_ARENA_HALF)
            buffer_clear(&reply);
    }
    g_free(request.owned);
    return EXIT_SUCCESS;
}
