/* SPDX-License-Identifier: Apache-2.0
 * store/hf_encode.h - byte-level byte-pair encoding by a tokenizer.json, and back.
 *
 * The ids are those that Hugging Face's tokenizers gives with add_special_tokens off: added tokens are found in the text
 * first (the leftmost, of these the longest), what is between them is normalised, cut into words (store/pretokenise.h) and
 * each word's bytes merged by the order of the merges (store/bpe.h). Words that were just seen are not encoded again.
 *
 * An encoder is immutable and may be used by many threads at once.
 */
#ifndef STORE_HF_ENCODE_H
#define STORE_HF_ENCODE_H

#include "store/hf_model.h"

typedef struct HfEncoder HfEncoder;
HfEncoder *hf_encoder_new(HfModel *model); /* takes the model */
void hf_encoder_free(HfEncoder *encoder);
const HfModel *hf_encoder_model(const HfEncoder *encoder);

/* Appends to an array of guint32. The text must be valid UTF-8, but may hold NULs. GALEN_ERROR_INPUT where an expression
 * of the tokenizer gives up over the text. */
gboolean hf_encode(const HfEncoder *encoder, const char *text, gsize length, GArray *ids, GError **error);
/* Appends the text of ids below the model's count. Bytes that make no UTF-8 become U+FFFD. */
void hf_decode(const HfEncoder *encoder, const guint32 *ids, gsize count, GString *text);

#endif
