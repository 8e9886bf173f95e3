/* SPDX-License-Identifier: Apache-2.0
 * The rule "mojibake": UTF-8 that somebody read as windows-1252 (WHATWG Encoding Standard) or Latin-1 and saved as
 * UTF-8 again. "Î²-blocker" becomes "β-blocker" again.
 *
 * Each sequence of two to four characters that are the bytes of one UTF-8 character is judged by itself, and repaired
 * only where no honest text would hold it:
 *   - three and four bytes: always; two or three such symbols in a row mean nothing else;
 *   - two bytes from U+00A0 to U+00FF (Â and Ã first) and Greek (Î and Ï first): unless the second one is a quotation
 *     mark, which may end a quoted word in capitals ("IRMÃ»");
 *   - other two-byte sequences: only when one more sequence stands directly before or after, as in Cyrillic words.
 * Text that was misread twice comes right in two passes.
 */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/edit.h"

/* What windows-1252 makes of the bytes 0x80 to 0x9f; 0: undefined there, and read as the control of that number. */
static const gunichar cp1252_high[32] = {
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
    0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
};

/* One character of mojibake, read back. */
typedef struct Sequence {
    gsize end;          /* where its misread form ends; 0: there is none */
    unsigned bytes;     /* 2 to 4 */
    gunichar character;
    guint8 second;      /* the second byte of the true encoding */
} Sequence;

/* The byte that the character at *at was misread from, or -1. Any bytes are allowed in the text. */
static int misread_byte(const char *text, gsize *at, gsize length)
{
    const guint8 *bytes = (const guint8 *)text + *at;
    gsize left = length - *at;
    gunichar c;
    if (left >= 2 && (bytes[0] & 0xe0) == 0xc0 && (bytes[1] & 0xc0) == 0x80) {
        c = (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu);
        *at += 2;
        if (c >= 0x80 && c <= 0xff)
            return (int)c;
    } else if (left >= 3 && bytes[0] == 0xe2 && (bytes[1] & 0xc0) == 0x80 && (bytes[2] & 0xc0) == 0x80) {
        c = 0x2000u | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
        *at += 3;
    } else {
        return -1;
    }
    for (int i = 0; i < 32; i++)
        if (c == cp1252_high[i])
            return 0x80 + i;
    return -1;
}

static unsigned sequence_bytes(int lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

static Sequence read_sequence(const char *text, gsize at, gsize length)
{
    char encoded[4];
    gsize next = at;
    int byte = misread_byte(text, &next, length);
    unsigned count = sequence_bytes(byte);
    if (!count)
        return (Sequence){0};
    encoded[0] = (char)byte;
    for (unsigned i = 1; i < count; i++) {
        byte = misread_byte(text, &next, length);
        if (byte < 0x80 || byte > 0xbf)
            return (Sequence){0};
        encoded[i] = (char)byte;
    }
    gunichar c = g_utf8_get_char_validated(encoded, (gssize)count);
    if (c >= 0xfffffffe || c < 0xa0)
        return (Sequence){0};
    return (Sequence){.end = next, .bytes = count, .character = c, .second = (guint8)encoded[1]};
}

/* Bytes that windows-1252 shows as quotation marks, the ellipsis, a dash or a bullet: they may follow any letter. */
static gboolean follows_letters(guint8 byte)
{
    return byte == 0x85 || (byte >= 0x91 && byte <= 0x97) || byte == 0x82 || byte == 0x84 || byte == 0x8b || byte == 0x9b ||
           byte == 0xab || byte == 0xbb;
}

static gboolean is_certain(const Sequence *sequence, gboolean after_repair, const char *text, gsize length)
{
    gunichar c = sequence->character;
    if (sequence->bytes > 2 || after_repair || read_sequence(text, sequence->end, length).end)
        return TRUE;
    gboolean usual = c <= 0xff || (c >= 0x0386 && c <= 0x03ff && g_unichar_isalpha(c));
    return usual && !follows_letters(sequence->second);
}

guint64 rule_mojibake(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    gsize repaired_to = G_MAXSIZE;
    for (gsize at = 0; at < length;) {
        /* Every lead byte of UTF-8, 0xc2 to 0xf4, was misread as a character that begins with 0xc3. */
        const char *lead = memchr(text + at, 0xc3, length - at);
        if (!lead)
            break;
        at = (gsize)(lead - text);
        Sequence sequence = read_sequence(text, at, length);
        if (sequence.end && is_certain(&sequence, repaired_to == at, text, length)) {
            char encoded[6];
            int count = g_unichar_to_utf8(sequence.character, encoded);
            editor_replace(&editor, at, sequence.end, encoded, (gsize)count);
            repaired_to = at = sequence.end;
        } else {
            at++;
        }
    }
    return editor_finish(&editor);
}
