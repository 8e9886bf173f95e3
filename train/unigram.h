/* SPDX-License-Identifier: Apache-2.0
 * train/unigram.h - the loss of a model that knows nothing but how often each token occurs.
 *
 * The entropy of the frequencies of all tokens of a split, in nats: what a loss has to get below to show that the model
 * has learnt anything from context.
 */
#ifndef TRAIN_UNIGRAM_H
#define TRAIN_UNIGRAM_H

#include "store/shard.h"

gboolean unigram_entropy(const ShardReader *reader, double *nats, GError **error);

#endif
