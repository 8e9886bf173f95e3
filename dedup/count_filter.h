/* SPDX-License-Identifier: Apache-2.0
 * dedup/count_filter.h - hashes counted up to three, in little memory: what was added often enough is never denied.
 *
 * A counting Bloom filter of two-bit counters. A hash has three of them in one line of the processor's cache; each goes up to
 * 3 and no further. count_filter_has tells whether all three have come to `times`: always so for a hash that was added so often,
 * and sometimes for others, which share its counters (about 3 in 100 with 8 counters for each hash that is added). What is
 * in the filter at the end depends on what was added, not on the order or the threads.
 *
 * Sequence: f = count_filter_new(bytes); count_filter_add on any threads; when all are done, count_filter_has;
 * count_filter_free(f). Hashes must be spread over all 64 bits.
 */
#ifndef DEDUP_COUNT_FILTER_H
#define DEDUP_COUNT_FILTER_H

#include <glib.h>

#define COUNT_FILTER_MOST 3

typedef struct CountFilter CountFilter;

CountFilter *count_filter_new(guint64 bytes); /* rounded up to a power of two */
void count_filter_free(CountFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CountFilter, count_filter_free)
void count_filter_add(CountFilter *filter, guint64 hash);
gboolean count_filter_has(const CountFilter *filter, guint64 hash, unsigned times); /* times <= COUNT_FILTER_MOST */

#endif
