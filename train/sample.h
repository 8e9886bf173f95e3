/* SPDX-License-Identifier: Apache-2.0
 * train/sample.h - text from a trained model.
 *
 * sample_run loads a checkpoint (or a run's output directory: its newest; or any directory with a Hugging Face Llama in
 * float32) and passes the continuation of the prompt to `text`, piece by piece, until an EOS or `tokens` tokens. The
 * prompt is read as the beginning of a document: an EOS, which ends each packed document, goes before it. The same
 * request gives the same text. Each token computes its whole context anew: meant for models small enough to train here.
 */
#ifndef TRAIN_SAMPLE_H
#define TRAIN_SAMPLE_H

#include "base/progress.h"
#include "store/tokenizer.h"
#include "train/real.h"

typedef struct SampleRequest {
    const char *checkpoint; /* directory */
    const char *prompt;     /* may be empty */
    gsize tokens;           /* at most so many new ones */
    double temperature;     /* 0: always the likeliest token */
    gsize top_k;            /* draw among so many likeliest tokens; 0: all */
    guint64 seed;
    unsigned threads; /* 0: all processors */
} SampleRequest;

/* Called with NUL-terminated UTF-8, which never ends inside a character. */
typedef void (*SampleText)(const char *text, gpointer user);

/* `tokenizer` must be the one that the store was packed with: it may have fewer ids than the model has
 * rows, of which the others are never drawn, but not more. */
gboolean sample_run(const SampleRequest *request, const Tokenizer *tokenizer, Progress *progress, SampleText text,
                    gpointer user, GError **error);

/* Draws an id from softmax(logits / temperature) among the top_k; `unit` is a random number in [0, 1). */
guint32 sample_draw(const real *logits, gsize classes, double temperature, gsize top_k, double unit);

#endif
