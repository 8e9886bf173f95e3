/* SPDX-License-Identifier: Apache-2.0
 * base/jail.h - run somebody else's program over hostile bytes, with no more rights than the work needs.
 *
 * Where base/sandbox.h confines our own parsers, a jail confines a program that is executed as it comes from the
 * system (pdftohtml). jail_run writes the input to the file JAIL_INPUT in a new empty folder, starts the program there,
 * collects what it prints and takes the folder away again. It may be called from any thread.
 *
 * The program has: an empty environment, /dev/null as standard input, no other descriptor; limits on CPU time, address
 * space and the size of files; one process and one thread. A seccomp filter, which execve keeps, allows it to compute,
 * to read files and to write plain files, and answers EPERM to everything else: no socket, no new process, no signal
 * to others, no ptrace, no mount. Where the kernel has Landlock (5.13), it can read only below the system's folders
 * of programs and libraries and write only in its own. It dies with the thread that started it.
 *
 * jail_run returns TRUE when there is something to say about the input: the program ended by itself (failure is
 * SANDBOX_OK, exit_status and output are set) or was ended (failure says why; output holds what came before).
 * FALSE with `error` set means that the machine failed. Free the result with jail_result_clear in either case.
 */
#ifndef BASE_JAIL_H
#define BASE_JAIL_H

#include "base/sandbox.h"

#define JAIL_INPUT "input" /* what the arguments call the input */

typedef struct JailLimits {
    unsigned cpu_seconds;  /* the wall-clock limit is four times as long */
    guint64 memory_bytes;  /* address space; 0: unlimited (sanitizer builds need that) */
    guint64 file_bytes;    /* longest file that it may write */
    gsize output_bytes;    /* more on standard output is SANDBOX_TOO_LARGE */
} JailLimits;

typedef struct JailResult {
    SandboxFailure failure;
    int exit_status;
    Buffer output;   /* of standard output */
    Buffer messages; /* the first bytes of standard error */
} JailResult;

/* argv[0] is an absolute path. */
gboolean jail_run(const char *const argv[], const void *input, gsize length, const JailLimits *limits,
                  JailResult *result, GError **error);
void jail_result_clear(JailResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JailResult, jail_result_clear)

#endif
