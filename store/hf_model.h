/* SPDX-License-Identifier: Apache-2.0
 * store/hf_model.h - a Hugging Face tokenizer.json of the byte-level byte-pair kind (GPT-2, Llama 3, Qwen), read.
 *
 * What is understood: model BPE with merges as strings or pairs and ignore_merges; the pre-tokenizers ByteLevel, Split by a
 * regular expression (Isolated), Digits, and rows of them; the normalizers NFC, NFD, NFKC, NFKD; added tokens with all
 * their flags. Post-processors are not applied: a corpus has its own rule for BOS and EOS. Whatever else a file asks for is
 * refused by name rather than left out, as it would change ids.
 *
 * In vocabularies of this kind a byte is written as a character (the printable ones as themselves, the others from U+0100
 * on); here tokens are the bytes they stand for.
 *
 * Errors: GALEN_ERROR_INPUT with what is wrong; the caller adds the file's name.
 */
#ifndef STORE_HF_MODEL_H
#define STORE_HF_MODEL_H

#include "store/pretokenise.h"

typedef struct HfToken {
    char *bytes; /* NULL: no token has this id */
    guint32 length;
    gboolean added; /* `bytes` is its text as it is written in documents */
} HfToken;

typedef struct HfMerge {
    guint32 left, right, merged; /* ids; a merge's rank is its place */
} HfMerge;

typedef struct HfAdded {
    char *text;
    gsize length;
    guint32 id;
    gboolean single_word, left_strip, right_strip, normalized;
} HfAdded;

typedef struct HfModel {
    HfToken *tokens;
    guint32 count; /* ids are below it */
    GArray *merges;
    GArray *added;         /* HfAdded, in the file's order */
    Pretokeniser *words;
    GArray *normalizers;   /* GNormalizeMode */
    gboolean ignore_merges; /* a word that is a token is that token, whatever merges say */
    gboolean prefix_space;  /* a space before a text that begins with none */
    guint32 byte_ids[256];
    guint32 bos, eos; /* HF_NO_ID where there is none */
} HfModel;

#define HF_NO_ID G_MAXUINT32
#define HF_IDS_LIMIT (1u << 24)

gboolean hf_model_is_json(const char *bytes, gsize length); /* whether it may be one: an object */
HfModel *hf_model_read(const char *bytes, gsize length, GError **error);
void hf_model_free(HfModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HfModel, hf_model_free)

#endif
