/* SPDX-License-Identifier: Apache-2.0
 * Verbs on several ranks; see cli/ranks.h. */
#include "cli/ranks.h"

#include <unistd.h>

#include "cli/command.h"

/* How long a rank waits for each rank below it: longer than a launcher needs to end a job. */
#define TURN (G_USEC_PER_SEC / 2)
#define MOST_TURNS 8

/* A rank that is bound to processors of its own sees no others; one that shares them with its neighbours does. */
unsigned ranks_jobs(const Comm *comm)
{
    unsigned seen = default_jobs(), ranks = comm_local_size(comm);
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    if (ranks == 1 || (guint64)seen * ranks <= (guint64)MAX(all, 1))
        return seen;
    return MAX((unsigned)MAX(all, 1) / ranks, 1);
}

/* Most errors are the same on all ranks, and the first to speak ends the others. Asking them would be of no use: a rank that has
 * no error may be waiting for a message of this one. */
static void let_lower_ranks_speak(const Comm *comm)
{
    g_usleep(MIN(comm_rank(comm), MOST_TURNS) * TURN);
}

int ranks_fail(Comm *comm, GError *error)
{
    let_lower_ranks_speak(comm);
    if (comm_size(comm) > 1)
        g_prefix_error(&error, "rank %u of %u on %s: ", comm_rank(comm), comm_size(comm), comm_host(comm));
    int status = command_fail(error);
    comm_abort(comm, status);
    return status;
}
