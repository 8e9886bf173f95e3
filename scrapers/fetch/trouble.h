/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/trouble.h - is it the page that is at fault, or its host, or the network?
 *
 * Pages that fail are recorded, and the crawl goes on; but a crawl must not take an evening without network, or a host
 * that has had enough of it, for thousands of missing pages. trouble_watch is shown each answer in its turn. Suspicious
 * are TROUBLE_ROW URLs in a row without any answer (or the first such one, when answers that wait would follow it in
 * the file and make it look like a page's failure); TROUBLE_ROW answers of one host in a row with status 429 or 5xx;
 * and one with a Retry-After longer than the crawler waits. The caller then asks again for a page that was answered
 * well before, for the network's sake one of another host: when that fails too, it is not the page.
 */
#ifndef SCRAPERS_FETCH_TROUBLE_H
#define SCRAPERS_FETCH_TROUBLE_H

#include "scrapers/fetch/exchange.h"

#define TROUBLE_ROW 10

typedef enum { TROUBLE_NONE, TROUBLE_NETWORK, TROUBLE_HOST } TroubleKind;

/* How an answer came. */
typedef enum {
    ANSWER_IN_TURN, /* just now, when nothing else proves that the network is up */
    ANSWER_ALARMS,  /* the same, and answers wait that would follow it */
    ANSWER_WAITED,  /* before its turn, or while others were answered: if it failed, then by its own fault */
} AnswerKind;

typedef struct Trouble Trouble;

Trouble *trouble_new(void);
/* *probe: the URL to ask again, borrowed until the next call; NULL: no page of it was ever answered well. After
 * anything but TROUBLE_NONE counting begins anew. */
TroubleKind trouble_watch(Trouble *trouble, const HttpExchange *answer, AnswerKind how, const char **probe);
/* Why the crawl cannot go on, for people. g_free. */
char *trouble_reason(TroubleKind kind, const HttpExchange *answer);
void trouble_free(Trouble *trouble);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trouble, trouble_free)

#endif
