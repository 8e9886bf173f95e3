/* SPDX-License-Identifier: Apache-2.0
 * galen dedup: a build up to its duplicates, on as many processes as mpirun or srun starts. */
#include "cli/build.h"
#include "cli/commands.h"

static int run(const Command *command, int argc, char **argv)
{
    return build_command(command, argc, argv, "dedup");
}

const Command command_dedup = {
    .name = "dedup",
    .arguments = "RECIPE -o STORE",
    .summary = "find duplicates, on several processes or machines",
    .details = "The same as galen build --until dedup. Started by mpirun or srun, all processes work on the duplicates: each\n"
               "signs its part of the documents and links its part of the keys, and the first one writes what one process\n"
               "would write, bit for bit. What comes before (ingest, cleaning) is done by the first process alone, if it is\n"
               "not done yet; the others wait without using a processor. Killed at any moment, the same command, with any\n"
               "number of processes, goes on where it was; so does galen build with the stages behind.\n\n"
               "Recipe, inputs and store must have the same paths on all machines. --jobs and --memory are for each process.\n"
               "Nobody else may read the store from another machine meanwhile.\n\n"
               "Examples:\n"
               "  galen build recipe.yaml -o corpus.galen --until clean\n"
               "  mpirun -np 4 galen dedup recipe.yaml -o corpus.galen --memory 2G\n"
               "  srun --mpi=pmix --kill-on-bad-exit -N 8 --ntasks-per-node 2 galen dedup recipe.yaml -o /shared/corpus.galen\n"
               "  galen build recipe.yaml -o corpus.galen",
    .run = run,
};
