/* SPDX-License-Identifier: Apache-2.0
 * CLD2 behind a C face; see cleaning/cld2.h. */
#include "cleaning/cld2.h"

#include <cstdio> /* compact_lang_det.h uses FILE without it */
#include <cstring>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

/* CLD2 has three codes that ISO 639 withdrew in 1989, and tells scripts apart: "zh-Hant". */
static void write_code(CLD2::Language language, char code[8])
{
    static const char *const renamed[][2] = {{"iw", "he"}, {"jw", "jv"}, {"in", "id"}};
    g_strlcpy(code, CLD2::LanguageCode(language), 8);
    code[strcspn(code, "-")] = '\0';
    for (const auto &pair : renamed)
        if (strcmp(code, pair[0]) == 0)
            g_strlcpy(code, pair[1], 8);
}

Cld2Guess cld2_detect(const char *text, gsize length)
{
    const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[3];
    int percent[3], text_bytes, valid_bytes;
    double scores[3];
    bool reliable;
    Cld2Guess guess = {"", 0};
    CLD2::Language best = CLD2::ExtDetectLanguageSummaryCheckUTF8(
        text, (int)MIN(length, (gsize)G_MAXINT), true, &hints, 0, languages, percent, scores, nullptr, &text_bytes,
        &reliable, &valid_bytes);
    if (best == CLD2::UNKNOWN_LANGUAGE)
        return guess;
    write_code(best, guess.language);
    for (int i = 0; i < 3; i++) { /* Chinese comes in two scripts, each with a share of its own */
        char code[8];
        write_code(languages[i], code);
        if (languages[i] != CLD2::UNKNOWN_LANGUAGE && strcmp(code, guess.language) == 0)
            guess.share += percent[i] / 100.0;
    }
    return guess;
}

const char *cld2_version(void)
{
    return CLD2::DetectLanguageVersion();
}
