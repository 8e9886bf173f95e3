/* SPDX-License-Identifier: Apache-2.0
 * scrapers/parse_worker.h - parse batches of records, in a sandboxed child or in this process.
 *
 * Sequence: p = parser_new(program, options, e); parser_parse(p, records, n, parsed, e) for any number of batches;
 * parser_free(p). A parser belongs to one thread. `program` is the galen executable, started as "galen parse-worker";
 * NULL parses in this process, without a sandbox (for tests and trusted formats).
 *
 * Records that a format converts first (PDFs) are converted on the caller's thread, outside of the child.
 *
 * When a child dies over a batch, its records are tried one by one in new children, so that one hostile record costs
 * only itself: it gets the rule parser-crashed or parser-timeout. A child that somebody else killed says nothing about a
 * record, which is then tried again.
 */
#ifndef SCRAPERS_PARSE_WORKER_H
#define SCRAPERS_PARSE_WORKER_H

#include "scrapers/formats/format.h"

typedef struct ParsedRecord {
    Document document;
    ParseFailure failure; /* rule NULL: the document is good */
} ParsedRecord;

void parsed_record_clear(ParsedRecord *parsed);

typedef struct Parser Parser;
Parser *parser_new(const char *program, const ParseOptions *options, GError **error); /* borrows the options */
/* Fills parsed[0 .. count). FALSE only when the machine fails. */
gboolean parser_parse(Parser *parser, const Record *records, gsize count, ParsedRecord *parsed, GError **error);
void parser_free(Parser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parser, parser_free)

/* What the child runs: serves requests on standard input until it ends. Returns the exit status. */
int parse_worker_main(void);
/* Its answer to one request; a SandboxHandler. */
void parse_worker_answer(const char *request, gsize length, Buffer *reply, gpointer user);

#endif
