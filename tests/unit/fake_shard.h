/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/fake_shard.h - store/shard.h without a store, for tests of the trainer.
 *
 * Two sources write documents of 37 to 136 tokens in turn. In the first, each token follows from the one before it nine
 * times out of ten; in the second, seven times. So there is something to learn from context, while the tokens by themselves
 * are nearly uniform. Any Store, also NULL, has the splits "train" and "valid".
 */
#ifndef TESTS_UNIT_FAKE_SHARD_H
#define TESTS_UNIT_FAKE_SHARD_H

#include <glib.h>

#define FAKE_VOCABULARY 61
#define FAKE_SHARD_TOKENS 1000

/* Tokens of both splits from the next shard_reader_open on; each `salt` gives other tokens. */
void fake_shard_configure(guint64 train_tokens, guint64 valid_tokens, guint64 salt);

/* From then on this document of every split is noise, from which nothing can be learnt, and a source of
 * its own; G_MAXUINT64: none is. */
void fake_shard_break(guint64 docno);
/* From the next shard_reader_open on every seventh document is padding. */
void fake_shard_pad(gboolean pad);

#endif
