/* SPDX-License-Identifier: Apache-2.0
 * store/pack_fit.h: no document that fits into a window is cut, and little is padded. */
#include "store/pack_fit.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder;

static PackItems items_of(const guint32 *lengths, guint64 count)
{
    g_autoptr(GError) error = NULL;
    PackItems items = {.split = "train", .count = count, .order = row_scatter_new(folder, sizeof(PackItem), count, &error)};
    for (guint64 i = 0; i < count; i++) {
        PackItem item = {.docno = 1000 + i, .index = i, .length = lengths[i], .source = 2};
        g_assert_true(row_scatter_put(items.order, i, &item, &error));
        items.tokens += lengths[i];
    }
    g_assert_true(row_scatter_finish(items.order, &error));
    g_assert_no_error(error);
    return items;
}

typedef struct Fitted {
    guint64 tokens, padding;
    GArray *items; /* of PackItem */
} Fitted;

/* Fits, and checks what must hold of every result. */
static Fitted fitted(const guint32 *lengths, guint64 count, guint64 window, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    PackItems items = items_of(lengths, count);
    g_autoptr(PackFit) fit = pack_fit_new(&items, window, seed);
    g_autofree guint8 *seen = g_new0(guint8, count);
    Fitted result = {.items = g_array_new(FALSE, FALSE, sizeof(PackItem))};
    PackItem item;
    while (pack_fit_next(fit, &item, &error) > 0) {
        guint64 begin = result.tokens, end = begin + item.length;
        g_assert_cmpuint(item.length, >, 0);
        if (item.docno == DOCNO_NONE) {
            g_assert_cmpuint(end % window, ==, 0);
            g_assert_cmpuint(item.length, <, window);
            result.padding += item.length;
        } else {
            g_assert_cmpuint(item.length, ==, lengths[item.index]);
            g_assert_cmpuint(item.docno, ==, 1000 + item.index);
            g_assert_cmpuint(seen[item.index]++, ==, 0);
            if (item.length <= window)
                g_assert_cmpuint(begin / window, ==, (end - 1) / window);
        }
        result.tokens = end;
        g_array_append_val(result.items, item);
    }
    g_assert_no_error(error);
    g_assert_cmpuint(result.tokens - result.padding, ==, items.tokens);
    row_scatter_free(items.order);
    return result;
}

static void test_documents_that_fill_windows_need_no_padding(void)
{
    static const guint32 lengths[] = {6, 4, 5, 5, 3, 7, 10, 1, 2, 2, 2, 3};
    for (guint64 seed = 0; seed < 20; seed++) {
        Fitted result = fitted(lengths, G_N_ELEMENTS(lengths), 10, seed);
        g_assert_cmpuint(result.padding, ==, 0);
        g_array_unref(result.items);
    }
}

static void test_a_document_goes_where_it_leaves_the_least_room(void)
{
    /* 7 and 6 open windows; 3 goes to 7, where it leaves no room, so that twice 2 fits beside 6. */
    static const guint32 lengths[] = {6, 3, 2, 7, 2};
    Fitted result = fitted(lengths, G_N_ELEMENTS(lengths), 10, 5);
    g_assert_cmpuint(result.tokens, ==, 20);
    g_array_unref(result.items);
}

static void test_a_long_document_stays_in_one_piece_and_others_fill_its_end(void)
{
    static const guint32 lengths[] = {25, 5, 13, 7, 40, 10};
    for (guint64 seed = 0; seed < 20; seed++) {
        Fitted result = fitted(lengths, G_N_ELEMENTS(lengths), 10, seed);
        g_assert_cmpuint(result.padding, ==, 0);
        g_array_unref(result.items);
    }
}

static void test_long_documents_alone_follow_each_other_without_padding(void)
{
    static const guint32 lengths[] = {25, 13, 47, 11, 99};
    Fitted result = fitted(lengths, G_N_ELEMENTS(lengths), 10, 3);
    g_assert_cmpuint(result.padding, ==, 0);
    g_array_unref(result.items);
}

static guint32 *random_lengths(guint64 count, guint32 limit, guint64 seed)
{
    guint32 *lengths = g_new(guint32, count);
    for (guint64 i = 0; i < count; i++)
        lengths[i] = 1 + (guint32)(random_at(seed, "length", i) % limit);
    return lengths;
}

static void test_many_documents_lie_whole_with_hardly_any_padding(void)
{
    static const guint64 windows[] = {1, 2, 63, 64, 65, 2048, 4096, 131072};
    for (unsigned i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_autofree guint32 *lengths = random_lengths(30000, (guint32)(windows[i] + windows[i] / 3 + 1), i);
        Fitted result = fitted(lengths, 30000, windows[i], 7);
        g_test_message("window %d: %.3f %% padding", (int)windows[i], 100.0 * (double)result.padding / (double)result.tokens);
        g_assert_cmpuint(result.padding * 4, <=, result.tokens);
        g_array_unref(result.items);
    }
    g_autofree guint32 *lengths = random_lengths(30000, 700, 9); /* abstracts */
    Fitted result = fitted(lengths, 30000, 2048, 7);
    g_assert_cmpuint(result.padding * 1000, <, result.tokens);
    g_array_unref(result.items);
}

static void test_the_same_seed_gives_the_same_order_and_another_one_another(void)
{
    g_autofree guint32 *lengths = random_lengths(2000, 600, 1);
    Fitted one = fitted(lengths, 2000, 512, 1), again = fitted(lengths, 2000, 512, 1), other = fitted(lengths, 2000, 512, 2);
    g_assert_cmpmem(one.items->data, one.items->len * sizeof(PackItem), again.items->data, again.items->len * sizeof(PackItem));
    g_assert_true(one.items->len != other.items->len || memcmp(one.items->data, other.items->data, one.items->len * sizeof(PackItem)) != 0);
    g_array_unref(one.items);
    g_array_unref(again.items);
    g_array_unref(other.items);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("galen-fit-XXXXXX", NULL);
    g_test_add_func("/pack_fit/documents that fill windows need no padding", test_documents_that_fill_windows_need_no_padding);
    g_test_add_func("/pack_fit/a document goes where it leaves the least room", test_a_document_goes_where_it_leaves_the_least_room);
    g_test_add_func("/pack_fit/a long document stays in one piece, and others fill its end",
                    test_a_long_document_stays_in_one_piece_and_others_fill_its_end);
    g_test_add_func("/pack_fit/long documents alone follow each other without padding",
                    test_long_documents_alone_follow_each_other_without_padding);
    g_test_add_func("/pack_fit/many documents lie whole, with hardly any padding", test_many_documents_lie_whole_with_hardly_any_padding);
    g_test_add_func("/pack_fit/the same seed gives the same order, and another one another",
                    test_the_same_seed_gives_the_same_order_and_another_one_another);
    int result = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return result;
}
