/* SPDX-License-Identifier: Apache-2.0
 * Character table, spaces, user-defined pieces; see store/spm_normalise.h. */
#include "store/spm_normalise.h"

#include <string.h>

#include "base/error.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define MATCHES_LIMIT 32           /* of the trie at one place, as the library counts them */

struct SpmNormaliser {
    const SpmModel *model;
    const guint8 *units; /* of the trie, 32 bits each, little-endian; NULL: no table */
    gsize units_count;
    const char *replacements;
    gsize replacements_length;
    guint8 plain[256];      /* first bytes of one-byte characters that no rule can touch */
    SpmText *user_defined;  /* by first byte, then longest first */
    guint32 user_starts[257];
};

/* ---- User-defined pieces ------------------------------------------------------------------------------------------- */

static int compare_user_defined(const void *left, const void *right)
{
    const SpmText *a = left, *b = right;
    if (a->at[0] != b->at[0])
        return (guint8)a->at[0] < (guint8)b->at[0] ? -1 : 1;
    return a->length != b->length ? (a->length > b->length ? -1 : 1) : memcmp(a->at, b->at, a->length);
}

static void collect_user_defined(SpmNormaliser *normaliser)
{
    const SpmModel *model = normaliser->model;
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(SpmText));
    for (guint32 id = 0; id < model->count; id++)
        if (model->pieces[id].type == SPM_USER_DEFINED)
            g_array_append_val(texts, model->pieces[id].text);
    g_array_sort(texts, compare_user_defined);
    for (guint i = 0; i < texts->len; i++)
        normaliser->user_starts[(guint8)g_array_index(texts, SpmText, i).at[0] + 1]++;
    for (unsigned byte = 0; byte < 256; byte++)
        normaliser->user_starts[byte + 1] += normaliser->user_starts[byte];
    normaliser->user_defined = (SpmText *)(gpointer)g_array_free(g_steal_pointer(&texts), FALSE);
}

gsize spm_user_defined_at(const SpmNormaliser *normaliser, const char *text, gsize length)
{
    guint8 first = (guint8)text[0];
    for (guint32 i = normaliser->user_starts[first]; i < normaliser->user_starts[first + 1]; i++) {
        const SpmText *piece = &normaliser->user_defined[i];
        if (piece->length <= length && memcmp(piece->at, text, piece->length) == 0)
            return piece->length;
    }
    return 0;
}

/* ---- The trie -------------------------------------------------------------------------------------------------------- */

/* A unit past the end has no label that a byte could have, so a damaged table ends the walk. */
static inline guint32 unit_at(const SpmNormaliser *normaliser, guint32 index)
{
    guint32 unit = 0x80000000u;
    if (index < normaliser->units_count)
        memcpy(&unit, normaliser->units + (gsize)index * 4, 4);
    return GUINT32_FROM_LE(unit);
}

static inline guint32 unit_offset(guint32 unit)
{
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* The longest entry that `text` begins with: its length, and the place of its replacement. */
static gsize trie_longest(const SpmNormaliser *normaliser, const char *text, gsize length, guint32 *place)
{
    gsize longest = 0;
    unsigned matches = 0;
    guint32 at = unit_offset(unit_at(normaliser, 0));
    for (gsize i = 0; i < length && matches < MATCHES_LIMIT; i++) {
        guint8 byte = (guint8)text[i];
        at ^= byte;
        guint32 unit = unit_at(normaliser, at);
        if ((unit & 0x800000ffu) != byte)
            break;
        at ^= unit_offset(unit);
        if (unit >> 8 & 1) {
            *place = unit_at(normaliser, at) & 0x7fffffffu;
            longest = i + 1;
            matches++;
        }
    }
    return longest;
}

static gboolean read_charsmap(SpmNormaliser *normaliser, GError **error)
{
    SpmText map = normaliser->model->charsmap;
    if (map.length == 0)
        return TRUE;
    guint32 size = 0;
    if (map.length > 4)
        memcpy(&size, map.at, 4);
    size = GUINT32_FROM_LE(size);
    if (size == 0 || size % 4 != 0 || size >= map.length - 4 || map.at[map.length - 1] != '\0') {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "its table of characters is damaged");
        return FALSE;
    }
    normaliser->units = (const guint8 *)map.at + 4;
    normaliser->units_count = size / 4;
    normaliser->replacements = map.at + 4 + size;
    normaliser->replacements_length = map.length - 4 - size;
    return TRUE;
}

/* ---- One character ----------------------------------------------------------------------------------------------------- */

/* The length of the UTF-8 character at `text`; 0: there is none. */
static gsize utf8_length(const char *text, gsize length)
{
    gunichar character = g_utf8_get_char_validated(text, (gssize)MIN(length, 4));
    if (text[0] == '\0') /* a character like others, which GLib takes for an end */
        return 1;
    if (character == (gunichar)-1 || character == (gunichar)-2)
        return 0;
    return (gsize)g_utf8_skip[(guint8)text[0]];
}

/* What the text's first character (or more) becomes; returns how many bytes that takes from the text. */
static gsize normalise_prefix(const SpmNormaliser *normaliser, const char *text, gsize length, SpmText *out)
{
    gsize taken = spm_user_defined_at(normaliser, text, length);
    guint32 place = 0;
    if (!taken && normaliser->units && (taken = trie_longest(normaliser, text, length, &place)) > 0) {
        const char *replacement = place < normaliser->replacements_length ? normaliser->replacements + place : "";
        *out = (SpmText){replacement, strlen(replacement)};
        return taken;
    }
    if (!taken)
        taken = utf8_length(text, length);
    *out = taken ? (SpmText){text, taken} : (SpmText){REPLACEMENT, sizeof REPLACEMENT - 1};
    return MAX(taken, 1);
}

/* ---- The text ------------------------------------------------------------------------------------------------------------ */

static void append_space(const SpmModel *model, Buffer *out)
{
    if (model->escape_spaces)
        buffer_append(out, SPM_SPACE, SPM_SPACE_LENGTH);
    else
        buffer_append_byte(out, ' ');
}

static void append_escaped(const SpmModel *model, SpmText text, Buffer *out)
{
    if (!model->escape_spaces || !buffer_reserve(out, SPM_SPACE_LENGTH * text.length)) {
        buffer_append(out, text.at, text.length);
        return;
    }
    char *to = out->data + out->length;
    for (gsize i = 0; i < text.length; i++) {
        if (text.at[i] != ' ') {
            *to++ = text.at[i];
        } else {
            memcpy(to, SPM_SPACE, SPM_SPACE_LENGTH);
            to += SPM_SPACE_LENGTH;
        }
    }
    out->length = (gsize)(to - out->data);
    *to = '\0';
}

static gsize skip_leading_spaces(const SpmNormaliser *normaliser, const char *text, gsize length)
{
    gsize from = 0;
    while (from < length) {
        SpmText piece;
        gsize taken = normalise_prefix(normaliser, text + from, length - from, &piece);
        if (piece.length != 1 || piece.at[0] != ' ')
            break;
        from += taken;
    }
    return from;
}

static void cut_trailing_spaces(const SpmModel *model, Buffer *out, gsize start)
{
    const char *space = model->escape_spaces ? SPM_SPACE : " ";
    gsize width = strlen(space);
    while (out->length - start >= width && memcmp(out->data + out->length - width, space, width) == 0)
        buffer_truncate(out, out->length - width);
}

/* Without a table, user-defined pieces and squeezing, a run of ASCII is copied as it is. */
static gsize plain_run(const SpmNormaliser *normaliser, const char *text, gsize length)
{
    gsize run = 0;
    while (run < length && normaliser->plain[(guint8)text[run]])
        run++;
    return run;
}

static void append_characters(const SpmNormaliser *normaliser, const char *text, gsize length, Buffer *out)
{
    const SpmModel *model = normaliser->model;
    gboolean after_space = model->squeeze_spaces;
    for (gsize from = 0; from < length;) {
        SpmText piece = {text + from, plain_run(normaliser, text + from, length - from)};
        from += piece.length ? piece.length : normalise_prefix(normaliser, text + from, length - from, &piece);
        while (after_space && piece.length > 0 && piece.at[0] == ' ')
            piece = (SpmText){piece.at + 1, piece.length - 1};
        if (piece.length == 0)
            continue;
        append_escaped(model, piece, out);
        after_space = model->squeeze_spaces && piece.at[piece.length - 1] == ' ';
    }
}

void spm_normalise(const SpmNormaliser *normaliser, const char *text, gsize length, Buffer *out)
{
    const SpmModel *model = normaliser->model;
    gsize start = out->length, from = model->squeeze_spaces ? skip_leading_spaces(normaliser, text, length) : 0;
    if (from == length)
        return;
    if (model->dummy_prefix && !model->space_as_suffix)
        append_space(model, out);
    append_characters(normaliser, text + from, length - from, out);
    if (model->squeeze_spaces)
        cut_trailing_spaces(model, out, start);
    if (model->dummy_prefix && model->space_as_suffix)
        append_space(model, out);
}

/* An ASCII byte is plain when neither a rule of the table nor a user-defined piece begins with it. */
static void find_plain(SpmNormaliser *normaliser)
{
    guint32 root = normaliser->units ? unit_offset(unit_at(normaliser, 0)) : 0;
    for (unsigned byte = 0; byte < 128; byte++) {
        gboolean in_table = normaliser->units && (unit_at(normaliser, root ^ byte) & 0x800000ffu) == byte;
        gboolean squeezed = normaliser->model->squeeze_spaces && byte == ' ';
        normaliser->plain[byte] = !in_table && !squeezed && normaliser->user_starts[byte] == normaliser->user_starts[byte + 1];
    }
}

SpmNormaliser *spm_normaliser_new(const SpmModel *model, GError **error)
{
    g_autoptr(SpmNormaliser) normaliser = g_new0(SpmNormaliser, 1);
    normaliser->model = model;
    collect_user_defined(normaliser);
    if (!read_charsmap(normaliser, error))
        return NULL;
    find_plain(normaliser);
    return g_steal_pointer(&normaliser);
}

void spm_normaliser_free(SpmNormaliser *normaliser)
{
    if (!normaliser)
        return;
    g_free(normaliser->user_defined);
    g_free(normaliser);
}
