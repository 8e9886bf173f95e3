/* SPDX-License-Identifier: Apache-2.0
 * store/spm_model.h - a SentencePiece model file, read into a table of pieces and a few settings.
 *
 * The file is a ModelProto in the wire format of protocol buffers (sentencepiece_model.proto of
 * github.com/google/sentencepiece); what is not needed for encoding is skipped. All texts point into the bytes that
 * spm_model_read was given, which must outlive the model.
 *
 * Errors: bytes that are no such file are GALEN_ERROR_INPUT with what is wrong with them; the caller adds the file's name.
 */
#ifndef STORE_SPM_MODEL_H
#define STORE_SPM_MODEL_H

#include <glib.h>

typedef struct SpmText {
    const char *at;
    gsize length;
} SpmText;

typedef enum { SPM_NORMAL = 1, SPM_UNKNOWN = 2, SPM_CONTROL = 3, SPM_USER_DEFINED = 4, SPM_UNUSED = 5, SPM_BYTE = 6 } SpmType;

typedef struct SpmPiece {
    SpmText text;
    float score;
    SpmType type;
} SpmPiece;

typedef enum { SPM_UNIGRAM = 1, SPM_BPE = 2, SPM_WORD = 3, SPM_CHARACTER = 4 } SpmAlgorithm;

typedef struct SpmModel {
    SpmPiece *pieces; /* a piece's place is its id */
    guint32 count;
    SpmAlgorithm algorithm;
    gboolean byte_fallback;    /* unknown characters become the pieces of their bytes */
    gboolean space_as_suffix;  /* the space goes behind a word instead of before it */
    SpmText unknown_surface;   /* what an unknown piece is decoded to */
    guint32 unknown, bos, eos; /* SPM_NO_ID where there is none */
    SpmText charsmap;          /* precompiled normalisation rules; see store/spm_normalise.h */
    gboolean dummy_prefix;     /* a space before the text */
    gboolean squeeze_spaces;   /* runs of spaces become one, those at both ends go */
    gboolean escape_spaces;    /* spaces are written U+2581 inside pieces */
} SpmModel;

#define SPM_NO_ID G_MAXUINT32
#define SPM_SPACE "\xe2\x96\x81" /* U+2581 */
#define SPM_SPACE_LENGTH 3
#define SPM_PIECE_LIMIT ((gsize)4096) /* bytes of one piece */
#define SPM_PIECES_LIMIT (1u << 24)

SpmModel *spm_model_read(const char *bytes, gsize length, GError **error);
void spm_model_free(SpmModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmModel, spm_model_free)

#endif
