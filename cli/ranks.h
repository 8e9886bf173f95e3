/* SPDX-License-Identifier: Apache-2.0
 * cli/ranks.h - a verb that mpirun or srun started several times, as the ranks of one job (base/comm.h).
 */
#ifndef CLI_RANKS_H
#define CLI_RANKS_H

#include "base/comm.h"

/* Threads for this rank: its part of the machine, or as many processors as the launcher bound it to. */
unsigned ranks_jobs(const Comm *comm);
/* As command_fail, with the rank and its machine where there are several; then no other rank goes on either. An error that ranks
 * share is told once, by the lowest that has it: the others wait half a second for each rank below them, at most four seconds. */
int ranks_fail(Comm *comm, GError *error);

#endif
