/* SPDX-License-Identifier: Apache-2.0
 * train/convert.h - Llamas of Hugging Face to checkpoints of Galen, and back.
 *
 * A checkpoint's weights are files of Hugging Face already. What a conversion adds to a folder of Hugging Face is state.json,
 * with the sum of every tensor; what it takes away on the way back is that and the optimizer's numbers. All other files
 * (config.json, generation_config.json, the tokenizer's) go along, but for weights in other formats. Where nothing is to be
 * changed every file keeps its bytes, and with them type, order, metadata and the cut into files, on both ways.
 *
 * Checked on the way: the headers (train/safetensors.h), that the tensors are those of the Llama in config.json, and of a
 * checkpoint the sums. Tensors beyond these go along too.
 *
 * On request the numbers become another type; the vocabulary is cut or padded; tokens are added (train/vocabulary.h), which
 * enter added_tokens.json, and tokenizer.json and tokenizer_config.json where they are. Then files are written anew under
 * their names and with their metadata, and config.json gets the new vocab_size and torch_dtype.
 *
 * The target appears when it is complete, and must not exist before, or be an empty folder.
 */
#ifndef TRAIN_CONVERT_H
#define TRAIN_CONVERT_H

#include "base/json.h"
#include "base/progress.h"

typedef struct ConvertRequest {
    const char *from;        /* a folder of Hugging Face; a checkpoint; an output folder of 'galen train': then its newest */
    const char *to;
    const char *type;        /* "F32", "F16" or "BF16"; NULL: as it is */
    gsize vocabulary;        /* rows; 0: as few as there must be */
    const char *tokenizer;   /* a model file; NULL with tokens: tokenizer.model or tokenizer.json in `from` */
    const char *const *tokens;
    unsigned token_count;
} ConvertRequest;

/* What was done: {"to": "galen" or "hugging face", "from": path, "tensors", "parameters", "type", "vocabulary_before", "vocabulary",
 * "tokens": [{"token", "id", "pieces"}], "copied": [files], "left": [files], "unknown": [tensors that no Llama has]}. */
json_t *convert_run(const ConvertRequest *request, Progress *progress, GError **error);

#endif
