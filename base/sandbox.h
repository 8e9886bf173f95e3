/* SPDX-License-Identifier: Apache-2.0
 * base/sandbox.h - run a parser of hostile bytes in a child process that can do nothing but compute.
 *
 * Parent:  w = sandbox_worker_new(argv, &limits, e);  sandbox_worker_call(w, request, n, &reply, &failure, e);
 *          sandbox_worker_free(w).  A worker serves any number of calls; after a failure the next call starts a new
 *          child by itself. One worker belongs to one thread.
 * Child:   its main calls sandbox_serve(handler, user), which gives up all rights (inherited files are closed; rlimits:
 *          address space, CPU per call, no files, no core; seccomp: read, write, memory and exit alone) and then
 *          answers requests until stdin ends. Standard output is /dev/null; standard error stays the parent's.
 *
 * sandbox_worker_call returns FALSE with *failure set when the child died, ran out of its time or memory, or answered
 * nonsense: that is a fact about the input (but for SANDBOX_KILLED, which a caller should try again). It returns FALSE with `error` set when the machine failed (no child could
 * be started).
 *
 * Requests and replies of up to 8 MiB pass through shared memory (base/sandbox_arena.h), larger ones over the channel.
 * Wire format, little-endian: request u64 length, u64 seconds, u64 1 if the bytes lie in the arena; reply u64 length, u64
 * 1 if the bytes lie in the arena; then, where they do not, the bytes.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/buffer.h"

typedef struct SandboxLimits {
    unsigned cpu_seconds;  /* per call; the wall-clock limit is four times as long */
    guint64 memory_bytes;  /* address space of the child; 0: unlimited (sanitizer builds need that) */
    guint64 reply_bytes;   /* longest reply that is accepted */
} SandboxLimits;

typedef enum {
    SANDBOX_OK,
    SANDBOX_CRASHED,   /* the child died: signal, exit, out of memory */
    SANDBOX_TIMED_OUT, /* CPU or wall-clock limit */
    SANDBOX_TOO_LARGE, /* the reply passed reply_bytes */
    SANDBOX_KILLED,    /* somebody else ended the child: the system short of memory, an administrator */
} SandboxFailure;

typedef struct SandboxWorker SandboxWorker;
SandboxWorker *sandbox_worker_new(const char *const argv[], const SandboxLimits *limits, GError **error);
gboolean sandbox_worker_call(SandboxWorker *worker, const void *request, gsize length, Buffer *reply,
                             SandboxFailure *failure, GError **error);
void sandbox_worker_free(SandboxWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SandboxWorker, sandbox_worker_free)

/* The handler appends its answer to `reply`; a NUL stands behind the request. Returns the exit status of the child. */
typedef void (*SandboxHandler)(const char *request, gsize length, Buffer *reply, gpointer user);
int sandbox_serve(SandboxHandler handler, gpointer user);

#endif
