/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/spm_fixture.h - SentencePiece model files, written field by field (sentencepiece_model.proto). */
#ifndef TESTS_SPM_FIXTURE_H
#define TESTS_SPM_FIXTURE_H

#include "store/spm_model.h"

void spm_put_piece(GByteArray *model, const char *text, float score, unsigned type);
/* A part of the model that is a message of flags: field numbers and values, in pairs. */
void spm_put_flags(GByteArray *model, unsigned part, const guint64 (*flags)[2], gsize count);
void spm_put_field(GByteArray *bytes, unsigned field, const void *data, gsize length);
#define SPM_TRAINER 2
#define SPM_NORMALIZER 3

#endif
