/* SPDX-License-Identifier: Apache-2.0
 * store/pages.h: LMDB's own files pass, whatever was done to them, and no live byte of a page can change unseen. */
#include "store/pages.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"

#define PAGE 4096
#define HEADER 16

static char *directory;

static void count_fault(gpointer user, const char *where, const char *what)
{
    g_test_message("%s: %s", where, what);
    (*(guint *)user)++;
}

static guint check_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    guint faults = 0;
    g_assert_true(pages_check(path, NULL, count_fault, &faults, &error));
    g_assert_no_error(error);
    return faults;
}

typedef struct Churn {
    guint64 seed;
    guint steps;
} Churn;

/* Puts and takes away records of all sizes, in several tables. */
static gboolean churn(StoreTxn *txn, gpointer user, GError **error)
{
    const Churn *churn = user;
    static const StoreTable tables[] = {TABLE_META, TABLE_TOKENS, TABLE_NOTES, TABLE_BANDS};
    g_autofree char *bytes = g_malloc0(40000);
    for (guint step = 0; step < churn->steps; step++) {
        guint64 draw = random_at(churn->seed, "churn", step), key[2] = {draw >> 8 & 0xff, draw >> 20 & 1};
        StoreTable table = tables[draw % G_N_ELEMENTS(tables)];
        gsize key_length = table == TABLE_TOKENS ? 8 : 1 + draw % 16;
        gsize length = draw >> 40 & 1 ? draw >> 41 & 0x3f : (draw >> 41) % 40000;
        gboolean good = draw >> 3 & 1 ? store_put(txn, table, key, key_length, bytes, length, error)
                                      : store_delete(txn, table, key, key_length, error);
        if (!good)
            return FALSE;
    }
    return churn->seed % 7 || store_clear(txn, TABLE_BANDS, error);
}

static char *churned_store(const char *name, guint batches, guint steps)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_set_map_size(store, 1 << 20, &error));
    for (guint batch = 0; batch < batches; batch++) {
        Churn settings = {batch, steps};
        g_assert_true(store_write(store, churn, &settings, &error));
        g_assert_no_error(error);
        g_autofree char *part = store_part_path(path);
        if (batch % 16 == 0)
            g_assert_cmpuint(check_file(part), ==, 0);
    }
    return store_part_path(path);
}

static void test_what_lmdb_writes_is_sound(void)
{
    g_autofree char *large = churned_store("large", 100, 200), *small = churned_store("small", 300, 3);
    g_assert_cmpuint(check_file(large), ==, 0);
    g_assert_cmpuint(check_file(small), ==, 0);
}

/* ---- Faults ----------------------------------------------------------------------------------------------------- */

typedef struct File {
    int descriptor;
    const char *path;
    guint8 *bytes;
    gsize size;
} File;

static File file_load(const char *path)
{
    File file = {.path = path, .descriptor = open(path, O_RDWR)};
    struct stat status;
    g_assert_cmpint(fstat(file.descriptor, &status), ==, 0);
    file.size = (gsize)status.st_size;
    file.bytes = g_malloc(file.size);
    g_assert_cmpint(pread(file.descriptor, file.bytes, file.size, 0), ==, (gssize)file.size);
    return file;
}

static void file_end(File *file)
{
    g_free(file->bytes);
    close(file->descriptor);
}

static void note_fault(gpointer user, const char *where, const char *what)
{
    *(gboolean *)user = TRUE;
}

static gboolean has_fault(const char *path)
{
    gboolean faulty = FALSE;
    pages_check(path, NULL, note_fault, &faulty, NULL);
    return faulty;
}

/* Whether a change of the bytes is seen; puts them back. */
static gboolean is_seen(const File *file, gsize at, const void *bytes, gsize length)
{
    g_assert_cmpint(pwrite(file->descriptor, bytes, length, (off_t)at), ==, (gssize)length);
    gboolean seen = has_fault(file->path);
    g_assert_cmpint(pwrite(file->descriptor, file->bytes + at, length, (off_t)at), ==, (gssize)length);
    return seen;
}

static guint16 half_at(const File *file, gsize at)
{
    guint16 value;
    memcpy(&value, file->bytes + at, sizeof value);
    return value;
}

static void assert_flip_is_seen(const File *file, gsize at, guint64 draw)
{
    guint8 flipped = file->bytes[at] ^ (guint8)(1 + draw % 255);
    if (is_seen(file, at, &flipped, 1))
        return;
    g_test_message("byte %" G_GSIZE_FORMAT " of page %" G_GSIZE_FORMAT " became %02x unseen", at % PAGE, at / PAGE, flipped);
    g_test_fail();
}

/* Number, kind and bounds; the offsets of nodes; sizes of keys and values. */
static void assert_page_is_guarded(const File *file, gsize page)
{
    gsize start = page * PAGE;
    guint16 kind = half_at(file, start + 10), lower = half_at(file, start + 12);
    for (gsize at = 0; at < HEADER; at++)
        if (at != 8 && at != 9)
            assert_flip_is_seen(file, start + at, random_at(page, "header", at));
    for (gsize at = HEADER; kind != 4 && at < lower; at++)
        assert_flip_is_seen(file, start + at, random_at(page, "offset", at));
    for (gsize at = HEADER; kind == 2 && at < lower; at += 2)
        for (gsize byte = 4; byte < 8; byte++) /* flags and length of the key */
            assert_flip_is_seen(file, start + half_at(file, start + at) + byte, random_at(page, "node", at + byte));
}

static void test_no_byte_that_leads_somewhere_changes_unseen(void)
{
    static const guint8 zeros[PAGE];
    g_autofree char *path = churned_store("guarded", 12, 40);
    File file = file_load(path);
    guint live = 0;
    for (gsize page = 2; page < file.size / PAGE; page++) {
        if (!is_seen(&file, page * PAGE, zeros, HEADER))
            continue; /* free, or further pages of a large value */
        assert_page_is_guarded(&file, page);
        live++;
    }
    g_assert_cmpuint(live, >, 20);
    file_end(&file);
}

static void test_meta_pages_are_compared_with_each_other(void)
{
    static const gsize fixed[] = {10, 16, 20, 24, 40, 44, 46, 48}; /* kind, magic, version, address, size of pages, flags, depth, pages */
    g_autofree char *path = churned_store("meta", 12, 40);
    File file = file_load(path);
    gsize transaction = HEADER + 128, newer = file.bytes[transaction] > file.bytes[PAGE + transaction] ? 0 : PAGE;
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        assert_flip_is_seen(&file, newer + fixed[i], i);
    for (gsize byte = 0; byte < 8; byte++) {
        assert_flip_is_seen(&file, transaction + byte, byte);
        assert_flip_is_seen(&file, PAGE + transaction + byte, byte);
    }
    file_end(&file);
}

static void test_a_file_that_is_cut_off_or_foreign_is_a_fault(void)
{
    g_autofree char *path = churned_store("cut", 12, 40);
    File file = file_load(path);
    g_assert_cmpint(ftruncate(file.descriptor, (off_t)file.size - 2 * PAGE), ==, 0);
    g_assert_cmpuint(check_file(path), ==, 1);
    memset(file.bytes, 'x', file.size);
    g_assert_cmpint(pwrite(file.descriptor, file.bytes, file.size, 0), ==, (gssize)file.size);
    g_assert_cmpuint(check_file(path), ==, 1);
    file_end(&file);
}

/* Any bytes at all may lie where pages should: no crash, no endless walk. */
static void test_scrambled_pages_never_crash(void)
{
    g_autofree char *path = churned_store("scrambled", 12, 40);
    File file = file_load(path);
    for (guint64 seed = 0; seed < 300; seed++) {
        g_autofree guint8 *bytes = g_memdup2(file.bytes, file.size);
        for (guint64 i = 0; i < 1 + seed % 40; i++)
            bytes[random_at(seed, "where", i) % file.size] = (guint8)random_at(seed, "what", i);
        g_assert_cmpint(pwrite(file.descriptor, bytes, file.size, 0), ==, (gssize)file.size);
        has_fault(path);
    }
    file_end(&file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-pages-XXXXXX", NULL);
    g_test_add_func("/pages/what LMDB writes is sound", test_what_lmdb_writes_is_sound);
    g_test_add_func("/pages/no byte that leads somewhere changes unseen", test_no_byte_that_leads_somewhere_changes_unseen);
    g_test_add_func("/pages/meta pages are compared with each other", test_meta_pages_are_compared_with_each_other);
    g_test_add_func("/pages/a file that is cut off or foreign is a fault", test_a_file_that_is_cut_off_or_foreign_is_a_fault);
    g_test_add_func("/pages/scrambled pages never crash", test_scrambled_pages_never_crash);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return result;
}
