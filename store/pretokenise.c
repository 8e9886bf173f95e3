/* SPDX-License-Identifier: Apache-2.0
 * Known expressions scanned by hand, others by PCRE2; see store/pretokenise.h. */
#include "store/pretokenise.h"

#include <string.h>

#include "base/error.h"
#include "store/unicode_classes.h"

/* ---- The known expressions ----------------------------------------------------------------------------------------- */

/* They are one family, which these choices tell apart. In the order of their alternatives: contractions, letters, numbers,
 * other characters, white space up to its last line end, white space but the last before a word, white space. */
typedef struct Pattern {
    const char *regex;
    gboolean any_case;        /* of contractions: 's, 'T, 'Re */
    gboolean any_lead;        /* one character but a letter, number or line end before letters; else a space alone */
    gboolean space_number;    /* a space before numbers */
    unsigned numbers;         /* characters of a number that stay together; 0: all */
    gboolean symbol_newlines; /* line ends behind other characters belong to them */
    gboolean newline_rule;    /* white space up to its last line end is a word */
} Pattern;

const char pretokenise_gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static const Pattern patterns[] = {
    {pretokenise_gpt2, FALSE, FALSE, TRUE, 0, FALSE, FALSE},
    {"'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", FALSE, FALSE, TRUE, 0, FALSE, FALSE},
    {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     TRUE, TRUE, FALSE, 3, TRUE, TRUE}, /* Llama 3 */
    {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     TRUE, TRUE, FALSE, 1, TRUE, TRUE}, /* Qwen 2 */
};

static const Pattern *find_pattern(const char *regex)
{
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++)
        if (strcmp(patterns[i].regex, regex) == 0)
            return &patterns[i];
    return NULL;
}

typedef struct Scanner {
    const Pattern *pattern;
    const UnicodeClasses *classes;
    const char *text, *end;
} Scanner;

static inline UnicodeClass class_at(const Scanner *scanner, const char *at, gsize *taken)
{
    if (at < scanner->end)
        return unicode_class_at(scanner->classes, at, taken);
    *taken = 0;
    return CLASS_NEWLINE; /* what no rule below takes in where it asks for one class */
}

static inline const char *run_of(const Scanner *scanner, UnicodeClass wanted, const char *at)
{
    gsize taken;
    while (at < scanner->end && unicode_class_at(scanner->classes, at, &taken) == wanted)
        at += taken;
    return at;
}

/* How many of the 8 bytes at `at`, from the first on, are letters of ASCII. */
static inline gsize ascii_letters(const char *at)
{
    const guint64 each = 0x0101010101010101u, high = 0x80 * each;
    guint64 bytes;
    memcpy(&bytes, at, sizeof bytes);
    bytes = GUINT64_FROM_LE(bytes);
    guint64 lower = (bytes & ~high) | 0x20 * each;
    guint64 letters = (lower + (0x80 - 'a') * each) & ~(lower + (0x80 - 'z' - 1) * each) & ~bytes & high;
    return letters == high ? 8 : (gsize)__builtin_ctzll(letters ^ high) / 8;
}

/* Eight bytes in one step: where a word ends is what a processor guesses worst. */
static inline const char *run_of_letters(const Scanner *scanner, const char *at)
{
    gsize letters = 8;
    for (; letters == 8 && scanner->end - at >= 8; at += letters)
        letters = ascii_letters(at);
    return run_of(scanner, CLASS_LETTER, at);
}

static gboolean same_letter(const Scanner *scanner, char letter, char other)
{
    return other == letter || (scanner->pattern->any_case && other == letter - 'a' + 'A');
}

/* The length of what follows an apostrophe in a contraction; 0: it is none. */
static gsize contraction(const Scanner *scanner, const char *at)
{
    static const char *const endings[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    gsize left = (gsize)(scanner->end - at);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        gsize length = strlen(endings[i]), same = 0;
        while (same < length && same < left && same_letter(scanner, endings[i][same], at[same]))
            same++;
        if (same == length)
            return length;
    }
    /* The long s is an s to those who do not look at the case. */
    return scanner->pattern->any_case && left >= 2 && memcmp(at, "\xc5\xbf", 2) == 0 ? 2 : 0;
}

static const char *scan_letters(const Scanner *scanner, const char *at, UnicodeClass first, gsize taken)
{
    gsize next;
    if (first == CLASS_LETTER)
        return run_of_letters(scanner, at);
    gboolean lead = scanner->pattern->any_lead ? first == CLASS_SPACE || first == CLASS_OTHER : *at == ' ';
    if (lead && at + taken < scanner->end && class_at(scanner, at + taken, &next) == CLASS_LETTER)
        return run_of_letters(scanner, at + taken);
    return at;
}

static const char *scan_numbers(const Scanner *scanner, const char *at)
{
    const char *begin = scanner->pattern->space_number && *at == ' ' ? at + 1 : at, *end = begin;
    gsize taken;
    for (unsigned count = 0; end < scanner->end && class_at(scanner, end, &taken) == CLASS_NUMBER; end += taken)
        if (scanner->pattern->numbers && count++ == scanner->pattern->numbers)
            break;
    return end > begin ? end : at;
}

static const char *scan_symbols(const Scanner *scanner, const char *at)
{
    const char *begin = *at == ' ' ? at + 1 : at;
    const char *end = run_of(scanner, CLASS_OTHER, begin);
    if (end == begin)
        return at;
    return scanner->pattern->symbol_newlines ? run_of(scanner, CLASS_NEWLINE, end) : end;
}

static const char *scan_spaces(const Scanner *scanner, const char *at)
{
    const char *end = at, *last = at, *newline = at;
    gsize taken;
    while (end < scanner->end) {
        UnicodeClass class = class_at(scanner, end, &taken);
        if (class != CLASS_SPACE && class != CLASS_NEWLINE)
            break;
        last = end;
        end += taken;
        newline = class == CLASS_NEWLINE ? end : newline;
    }
    if (scanner->pattern->newline_rule && newline > at)
        return newline;
    return end == scanner->end || last == at ? end : last;
}

/* Where the word that begins at `at` ends. */
static const char *scan_word(const Scanner *scanner, const char *at)
{
    gsize taken, ending = *at == '\'' ? contraction(scanner, at + 1) : 0;
    if (ending)
        return at + 1 + ending;
    UnicodeClass first = class_at(scanner, at, &taken);
    const char *end = scan_letters(scanner, at, first, taken);
    if (end == at)
        end = scan_numbers(scanner, at);
    if (end == at)
        end = scan_symbols(scanner, at);
    return end == at ? scan_spaces(scanner, at) : end;
}

/* ---- The row of splitters ------------------------------------------------------------------------------------------------ */

typedef struct Splitter {
    const Pattern *pattern; /* one of these, or each number character */
    GRegex *regex;
} Splitter;

struct Pretokeniser {
    GArray *splitters;
    UnicodeClasses *classes;
};

static void splitter_clear(gpointer data)
{
    Splitter *splitter = data;
    g_clear_pointer(&splitter->regex, g_regex_unref);
}

Pretokeniser *pretokeniser_new(void)
{
    Pretokeniser *pretokeniser = g_new0(Pretokeniser, 1);
    pretokeniser->splitters = g_array_new(FALSE, FALSE, sizeof(Splitter));
    g_array_set_clear_func(pretokeniser->splitters, splitter_clear);
    pretokeniser->classes = unicode_classes_new();
    return pretokeniser;
}

void pretokeniser_free(Pretokeniser *pretokeniser)
{
    if (!pretokeniser)
        return;
    g_array_unref(pretokeniser->splitters);
    unicode_classes_free(pretokeniser->classes);
    g_free(pretokeniser);
}

gboolean pretokeniser_add_regex(Pretokeniser *pretokeniser, const char *regex, GError **error)
{
    Splitter splitter = {find_pattern(regex), NULL};
    if (!splitter.pattern) {
        g_autofree char *unicode = g_strconcat("(*UCP)", regex, NULL);
        g_autoptr(GError) cause = NULL;
        splitter.regex = g_regex_new(unicode, G_REGEX_OPTIMIZE, 0, &cause);
        if (!splitter.regex) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "its expression \"%.200s\" is not understood: %s", regex, cause->message);
            return FALSE;
        }
    }
    g_array_append_val(pretokeniser->splitters, splitter);
    return TRUE;
}

void pretokeniser_add_digits(Pretokeniser *pretokeniser)
{
    Splitter splitter = {0};
    g_array_append_val(pretokeniser->splitters, splitter);
}

typedef struct Cutting {
    const Pretokeniser *pretokeniser;
    PretokeniseWord word;
    gpointer user;
} Cutting;

static gboolean cut(const Cutting *cutting, guint level, const char *text, gsize length, GError **error);

static gboolean cut_by_pattern(const Cutting *cutting, const Pattern *pattern, guint level, const char *text, gsize length, GError **error)
{
    Scanner scanner = {pattern, cutting->pretokeniser->classes, text, text + length};
    gboolean last = level + 1 == cutting->pretokeniser->splitters->len;
    for (const char *at = text, *next; at < scanner.end; at = next) {
        next = scan_word(&scanner, at);
        if (last)
            cutting->word(cutting->user, at, (gsize)(next - at));
        else if (!cut(cutting, level + 1, at, (gsize)(next - at), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean cut_by_digits(const Cutting *cutting, guint level, const char *text, gsize length, GError **error)
{
    gsize begin = 0, taken;
    for (gsize at = 0; at < length; at += taken) {
        if (unicode_class_at(cutting->pretokeniser->classes, text + at, &taken) != CLASS_NUMBER)
            continue;
        if (!cut(cutting, level + 1, text + begin, at - begin, error) || !cut(cutting, level + 1, text + at, taken, error))
            return FALSE;
        begin = at + taken;
    }
    return cut(cutting, level + 1, text + begin, length - begin, error);
}

static gboolean cut_by_regex(const Cutting *cutting, GRegex *regex, guint level, const char *text, gsize length, GError **error)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GError) cause = NULL;
    gint begin = 0, from, to;
    g_regex_match_full(regex, text, (gssize)length, 0, 0, &match, &cause);
    for (; !cause && g_match_info_matches(match); g_match_info_next(match, &cause)) {
        g_match_info_fetch_pos(match, 0, &from, &to);
        if (!cut(cutting, level + 1, text + begin, (gsize)(from - begin), error) ||
            !cut(cutting, level + 1, text + from, (gsize)(to - from), error))
            return FALSE;
        begin = to;
    }
    if (!cause)
        return cut(cutting, level + 1, text + begin, length - (gsize)begin, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the expression of the tokenizer gave up over a text: %s", cause->message);
    return FALSE;
}

static gboolean cut(const Cutting *cutting, guint level, const char *text, gsize length, GError **error)
{
    if (length == 0)
        return TRUE;
    if (level == cutting->pretokeniser->splitters->len) {
        cutting->word(cutting->user, text, length);
        return TRUE;
    }
    const Splitter *splitter = &g_array_index(cutting->pretokeniser->splitters, Splitter, level);
    if (splitter->pattern)
        return cut_by_pattern(cutting, splitter->pattern, level, text, length, error);
    if (splitter->regex)
        return cut_by_regex(cutting, splitter->regex, level, text, length, error);
    return cut_by_digits(cutting, level, text, length, error);
}

gboolean pretokenise(const Pretokeniser *pretokeniser, const char *text, gsize length, PretokeniseWord word, gpointer user, GError **error)
{
    Cutting cutting = {pretokeniser, word, user};
    return cut(&cutting, 0, text, length, error);
}
