/* SPDX-License-Identifier: Apache-2.0
 * cli/commands.h - the verbs. To add one: a file cmd_NAME.c, a line here, a line in main_build.c's table and in Makefile.inc.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const Command command_audit;
extern const Command command_build;
extern const Command command_clean;
extern const Command command_convert;
extern const Command command_dedup;
extern const Command command_duplicates;
extern const Command command_diff;
extern const Command command_export;
extern const Command command_extract;
extern const Command command_forget;
extern const Command command_list;
extern const Command command_parse_worker;
extern const Command command_report;
extern const Command command_sample;
extern const Command command_scrape;
extern const Command command_show;
extern const Command command_sources;
extern const Command command_status;
extern const Command command_tokenize;
extern const Command command_trace;
extern const Command command_train;
extern const Command command_why;

#endif
