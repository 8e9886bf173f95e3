/* SPDX-License-Identifier: Apache-2.0
 * The parent's side of sandboxed children: spawn, talk, bury; see base/sandbox.h. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sandbox_arena.h"

extern char **environ;

#define WALL_PER_CPU 4

struct SandboxWorker {
    char **argv;
    SandboxLimits limits;
    pid_t pid; /* 0: no child at present */
    int channel;
    char *arena; /* of the child at present; or NULL */
};

typedef struct RequestHeader {
    guint64 length;
    guint64 cpu_seconds;
    guint64 in_arena;
} RequestHeader;

typedef struct ReplyHeader {
    guint64 length;
    guint64 in_arena;
} ReplyHeader;

static gboolean spawn_with(SandboxWorker *worker, int child_end, int arena, GError **error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_end, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (arena >= 0)
        posix_spawn_file_actions_adddup2(&actions, arena, SANDBOX_ARENA_DESCRIPTOR);
    posix_spawnattr_init(&attributes);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int result = posix_spawn(&worker->pid, worker->argv[0], &actions, &attributes, worker->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (result == 0)
        return TRUE;
    worker->pid = 0;
    galen_error_set_errno(error, result, "cannot start the parser process %s", worker->argv[0]);
    return FALSE;
}

static void worker_unmap(SandboxWorker *worker)
{
    sandbox_arena_free(worker->arena);
    worker->arena = NULL;
}

static gboolean worker_start(SandboxWorker *worker, GError **error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        galen_error_set_errno(error, errno, "cannot make a channel to a parser process");
        return FALSE;
    }
    int arena = sandbox_arena_create(&worker->arena);
    gboolean good = spawn_with(worker, ends[1], arena, error);
    close(ends[1]);
    if (arena >= 0)
        close(arena);
    if (!good) {
        close(ends[0]);
        worker_unmap(worker);
        return FALSE;
    }
    worker->channel = ends[0];
    if (worker->limits.memory_bytes) {
        struct rlimit memory = {worker->limits.memory_bytes, worker->limits.memory_bytes};
        prlimit(worker->pid, RLIMIT_AS, &memory, NULL);
    }
    return TRUE;
}

/* Ends the child and says how it had died, if it had. */
static SandboxFailure worker_bury(SandboxWorker *worker)
{
    int status = 0;
    kill(worker->pid, SIGKILL);
    close(worker->channel);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        ;
    worker->pid = 0;
    worker_unmap(worker);
    int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal_number == SIGPROF || signal_number == SIGXCPU)
        return SANDBOX_TIMED_OUT;
    /* A child that had died before is not touched by the SIGKILL above: this is another's. */
    return signal_number == SIGKILL || signal_number == SIGTERM ? SANDBOX_KILLED : SANDBOX_CRASHED;
}

/* Waits until the channel is ready for `events`; FALSE when the deadline (monotonic, microseconds) passes. */
static gboolean wait_for(int channel, short events, gint64 deadline)
{
    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        if (left <= 0)
            return FALSE;
        struct pollfd poller = {.fd = channel, .events = events};
        int ready = poll(&poller, 1, (int)MIN(left, G_MAXINT));
        if (ready > 0)
            return TRUE;
        if (ready < 0 && errno != EINTR)
            return FALSE;
    }
}

static SandboxFailure send_all(int channel, const char *data, gsize length, gint64 deadline)
{
    while (length) {
        if (!wait_for(channel, POLLOUT, deadline))
            return SANDBOX_TIMED_OUT;
        ssize_t sent = send(channel, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (sent <= 0)
            return SANDBOX_CRASHED;
        data += sent;
        length -= (gsize)sent;
    }
    return SANDBOX_OK;
}

static SandboxFailure receive_all(int channel, char *data, gsize length, gint64 deadline)
{
    while (length) {
        if (!wait_for(channel, POLLIN, deadline))
            return SANDBOX_TIMED_OUT;
        ssize_t got = recv(channel, data, length, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return SANDBOX_CRASHED;
        data += got;
        length -= (gsize)got;
    }
    return SANDBOX_OK;
}

static SandboxFailure send_request(SandboxWorker *worker, const void *request, gsize length, gint64 deadline)
{
    gboolean fits = worker->arena && length < SANDBOX_ARENA_HALF;
    RequestHeader header = {GUINT64_TO_LE(length), GUINT64_TO_LE(worker->limits.cpu_seconds), GUINT64_TO_LE(fits)};
    if (fits) {
        memcpy(worker->arena, request, length);
        worker->arena[length] = '\0';
    }
    SandboxFailure result = send_all(worker->channel, (const char *)&header, sizeof header, deadline);
    return fits || result != SANDBOX_OK ? result : send_all(worker->channel, request, length, deadline);
}

static SandboxFailure receive_reply(SandboxWorker *worker, Buffer *reply, gint64 deadline)
{
    ReplyHeader header;
    SandboxFailure result = receive_all(worker->channel, (char *)&header, sizeof header, deadline);
    if (result != SANDBOX_OK)
        return result;
    guint64 length = GUINT64_FROM_LE(header.length);
    gboolean in_arena = header.in_arena != 0;
    if (length > worker->limits.reply_bytes || !buffer_reserve(reply, length))
        return SANDBOX_TOO_LARGE;
    if (in_arena && (!worker->arena || length > SANDBOX_ARENA_HALF))
        return SANDBOX_CRASHED;
    if (in_arena)
        memcpy(reply->data + reply->length, worker->arena + SANDBOX_ARENA_HALF, length);
    else
        result = receive_all(worker->channel, reply->data + reply->length, length, deadline);
    if (result == SANDBOX_OK) {
        reply->length += length;
        reply->data[reply->length] = '\0';
    }
    return result;
}

static SandboxFailure worker_exchange(SandboxWorker *worker, const void *request, gsize length, Buffer *reply)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)worker->limits.cpu_seconds * WALL_PER_CPU * G_USEC_PER_SEC;
    SandboxFailure result = send_request(worker, request, length, deadline);
    return result == SANDBOX_OK ? receive_reply(worker, reply, deadline) : result;
}

SandboxWorker *sandbox_worker_new(const char *const argv[], const SandboxLimits *limits, GError **error)
{
    g_autoptr(SandboxWorker) worker = g_new0(SandboxWorker, 1);
    worker->argv = g_strdupv((char **)argv);
    worker->limits = *limits;
    if (!worker_start(worker, error))
        return NULL;
    return g_steal_pointer(&worker);
}

gboolean sandbox_worker_call(SandboxWorker *worker, const void *request, gsize length, Buffer *reply,
                             SandboxFailure *failure, GError **error)
{
    *failure = SANDBOX_OK;
    if (worker->pid == 0 && !worker_start(worker, error))
        return FALSE;
    SandboxFailure result = worker_exchange(worker, request, length, reply);
    if (result == SANDBOX_OK)
        return TRUE;
    SandboxFailure death = worker_bury(worker);
    *failure = result == SANDBOX_CRASHED ? death : result;
    return FALSE;
}

void sandbox_worker_free(SandboxWorker *worker)
{
    if (!worker)
        return;
    if (worker->pid)
        worker_bury(worker);
    g_strfreev(worker->argv);
    g_free(worker);
}
