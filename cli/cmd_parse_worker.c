/* SPDX-License-Identifier: Apache-2.0
 * galen parse-worker: the sandboxed child that other verbs start. Not for people. */
#include "cli/commands.h"
#include "scrapers/parse_worker.h"

static int run(const Command *command, int argc, char **argv)
{
    return parse_worker_main();
}

const Command command_parse_worker = {
    .name = "parse-worker",
    .arguments = "",
    .summary = "parse records on behalf of another galen",
    .run = run,
    .hidden = TRUE,
};
