/* SPDX-License-Identifier: Apache-2.0
 * Dates in running text; see date.h. */
#include "scrapers/extract/date.h"

#include <glib.h>
#include <string.h>

#define WORDS_MAX 256
#define WORD_SIZE 12

char *date_normalise(const char *text)
{
    int part[3] = {0, 0, 0}, parts = 0;
    for (const char *at = text; at && parts < 3 && g_ascii_isdigit(*at);) {
        int digits = 0;
        while (g_ascii_isdigit(*at) && digits < 4) {
            part[parts] = part[parts] * 10 + (*at++ - '0');
            digits++;
        }
        if (parts == 0 ? digits != 4 : digits > 2)
            return NULL;
        parts++;
        if (*at != '-' && *at != '/' && *at != '.')
            break;
        at++;
    }
    if (!parts || part[0] < 1500 || part[0] > 2200)
        return NULL;
    if (parts >= 2 && (part[1] < 1 || part[1] > 12))
        return NULL;
    if (parts == 3 && part[2] >= 1 && part[2] <= 31)
        return g_strdup_printf("%04d-%02d-%02d", part[0], part[1], part[2]);
    return parts >= 2 ? g_strdup_printf("%04d-%02d", part[0], part[1]) : g_strdup_printf("%04d", part[0]);
}

/* 1 to 12; 0: no month. A month's name or its first three letters; "Sept". */
static int month_of(const char *word)
{
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    for (int i = 0; i < 12; i++)
        if (strcmp(word, names[i]) == 0 || (strlen(word) == 3 && strncmp(word, names[i], 3) == 0))
            return i + 1;
    return strcmp(word, "sept") == 0 ? 9 : 0;
}

static int number_of(const char *word)
{
    return g_ascii_isdigit(*word) ? (int)g_ascii_strtoull(word, NULL, 10) : -1;
}

static int year_of(const char *word)
{
    int number = strlen(word) == 4 ? number_of(word) : -1;
    return number >= 1500 && number <= 2200 ? number : 0;
}

static int day_of(const char *word)
{
    int number = number_of(word);
    return number >= 1 && number <= 31 ? number : 0;
}

static gboolean is_ordinal_ending(const char *word)
{
    return strcmp(word, "st") == 0 || strcmp(word, "nd") == 0 || strcmp(word, "rd") == 0 ||
           strcmp(word, "th") == 0 || strcmp(word, "of") == 0;
}

/* Runs of letters or of digits in lower case; too long ones are cut and so match nothing. */
static int cut_words(const char *text, char words[WORDS_MAX][WORD_SIZE])
{
    int count = 0;
    while (*text && count < WORDS_MAX - 3) {
        gboolean digits = g_ascii_isdigit(*text);
        gsize length = 0;
        if (!g_ascii_isalnum(*text)) {
            text++;
            continue;
        }
        for (; g_ascii_isalnum(*text) && g_ascii_isdigit(*text) == digits; text++)
            if (length < WORD_SIZE - 1)
                words[count][length++] = g_ascii_tolower(*text);
        words[count][length] = '\0';
        if (!is_ordinal_ending(words[count]))
            count++;
    }
    for (int i = count; i < MIN(count + 3, WORDS_MAX); i++)
        words[i][0] = '\0';
    return count;
}

/* "12 May 2024", "May 12, 2024", "May 2024". */
static char *find_named_month(const char *text)
{
    g_autofree char(*words)[WORD_SIZE] = g_malloc(WORDS_MAX * WORD_SIZE);
    int count = cut_words(text, words);
    for (int i = 0; i < count; i++) {
        int month = month_of(words[i]), day = 0, year;
        if (!month)
            continue;
        if ((year = year_of(words[i + 1])) != 0)
            day = i > 0 ? day_of(words[i - 1]) : 0;
        else if ((year = year_of(words[i + 2])) != 0 && !(day = day_of(words[i + 1])))
            continue;
        if (year)
            return day ? g_strdup_printf("%04d-%02d-%02d", year, month, day)
                       : g_strdup_printf("%04d-%02d", year, month);
    }
    return NULL;
}

char *date_find(const char *text)
{
    g_autofree char *year = NULL;
    for (const char *at = text; at && *at; at++) {
        gboolean begins =
            g_ascii_isdigit(*at) && (at == text || (!g_ascii_isalnum(at[-1]) && !strchr("/.-", at[-1])));
        g_autofree char *date = begins ? date_normalise(at) : NULL;
        if (date && strlen(date) > 4)
            return g_steal_pointer(&date);
        if (date && !year && !g_ascii_isalnum(at[4]))
            year = g_steal_pointer(&date);
    }
    char *named = text ? find_named_month(text) : NULL;
    return named ? named : g_steal_pointer(&year);
}
