/* SPDX-License-Identifier: Apache-2.0
 * store/store.h, document.h, ledger.h and stage.h: what is written comes back, whole or not at all. */
#include <glib/gstdio.h>
#include <lmdb.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/compressed_text.h"
#include "store/stage.h"

static char *directory;

static char *fresh_store(void)
{
    static int number;
    return g_strdup_printf("%s/store%d", directory, number++);
}

static gboolean put_three(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < 3; docno++) {
        g_auto(Document) document = {
            .source = g_strdup("s"),
            .id = g_strdup_printf("id%d", (int)docno),
            .title = g_strdup(""),
            .meta = g_strdup("{}"),
        };
        document_set_text(&document, "text with \0a NUL", 16);
        if (!document_put(txn, docno, &document, error) || !document_index(txn, docno, "s", document.id, error))
            return FALSE;
    }
    return TRUE;
}

static void test_a_document_comes_back_as_it_was(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    g_assert_true(store_write(store, put_three, NULL, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(Document) document = {0};
    Docno docno;
    g_assert_true(document_find(txn, "s", "id2", &docno, &error));
    g_assert_cmpuint(docno, ==, 2);
    g_assert_true(document_get(txn, docno, &document, &error));
    g_assert_cmpmem(document.text, document.text_length, "text with \0a NUL", 16);
    g_assert_cmpstr(document.title, ==, "");
    g_assert_null(document.url);
    g_assert_false(document_find(txn, "s", "id9", &docno, &error));
    g_assert_no_error(error);
}

static gboolean put_new(StoreTxn *txn, gpointer user, GError **error)
{
    static const Docno docnos[] = {5, 9, 7, 5, 11, 6}; /* behind all, between, there already, behind all, between */
    for (gsize i = 0; i < G_N_ELEMENTS(docnos); i++) {
        guint8 key[8];
        guint64 number = i;
        StoreValue present;
        docno_write(docnos[i], key);
        g_assert_true(store_put_new(txn, TABLE_NOTES, key, sizeof key, &number, sizeof number, &present, error));
        if (i == 3)
            g_assert_cmpmem(present.data, present.length, &(guint64){0}, sizeof number);
        else
            g_assert_null(present.data);
    }
    return TRUE;
}

static void test_a_record_that_is_put_as_new_leaves_the_one_that_is_there(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_new, NULL, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    static const struct { Docno docno; guint64 number; } wanted[] = {{5, 0}, {6, 5}, {7, 2}, {9, 1}, {11, 4}};
    g_assert_cmpuint(store_count(txn, TABLE_NOTES), ==, G_N_ELEMENTS(wanted));
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        StoreValue value;
        g_assert_true(store_get_docno(txn, TABLE_NOTES, wanted[i].docno, &value, &error));
        g_assert_cmpmem(value.data, value.length, &wanted[i].number, sizeof wanted[i].number);
    }
}

/* Words that come again, so that every way of compressing them has something to do. */
static char *text_of(gsize length)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; text->len < length; i++)
        g_string_append_printf(text, "%s%u, ", i % 3 ? "the patient received " : "\xce\xb1-synuclein ", i % 17);
    g_string_truncate(text, length);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_clean_texts_of_any_length_come_back_one_after_the_other(void)
{
    static const gsize lengths[] = {100000, 0, 1, 345, 4095, 4096, 20000, 16};
    g_autoptr(GError) error = NULL;
    g_auto(Buffer) text, frame;
    buffer_init(&text, 1 << 20);
    buffer_init(&frame, 1 << 20);
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *wanted = text_of(lengths[i]), *got = NULL;
        gsize length;
        buffer_reset(&frame);
        cleaned_compress(wanted, lengths[i], &frame);
        g_assert_true(text_decompress_into(frame.data, frame.length, &text, &error));
        g_assert_cmpmem(text.data, text.length, wanted, lengths[i]);
        g_assert_cmpint(text.data[text.length], ==, '\0');
        g_assert_true(text_decompress(frame.data, frame.length, &got, &length, &error));
        g_assert_cmpmem(got, length, wanted, lengths[i]);
    }
}

static gboolean put_lengths(StoreTxn *txn, gpointer user, GError **error)
{
    const char *text = user;
    for (Docno docno = 0; docno < 16; docno++) {
        guint8 key[8];
        gsize length = docno * 8191; /* on both sides of what is copied and hashed in one go */
        docno_write(docno, key);
        if (!store_put(txn, TABLE_TOKENS, key, sizeof key, text, length, error) ||
            !store_put_hashed(txn, TABLE_SHARDS, key, sizeof key, text, length, hash128(text, length), error))
            return FALSE;
    }
    return TRUE;
}

static void test_records_of_any_length_pass_their_checksums(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "lengths", NULL), *text = text_of(131072);
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_lengths, text, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (Docno docno = 0; docno < 16; docno++) {
        StoreValue value;
        g_assert_true(store_get_docno(txn, TABLE_TOKENS, docno, &value, &error));
        g_assert_cmpmem(value.data, value.length, text, docno * 8191);
        g_assert_true(store_get_docno(txn, TABLE_SHARDS, docno, &value, &error));
        g_assert_cmpmem(value.data, value.length, text, docno * 8191);
    }
}

static void test_clean_texts_that_an_earlier_program_wrote_as_zstd_are_read(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Buffer) text, frame;
    g_autofree char *wanted = text_of(5000);
    buffer_init(&text, 1 << 20);
    buffer_init(&frame, 1 << 20);
    text_compress(wanted, 5000, &frame);
    g_assert_cmpint(frame.data[0], ==, 0x28); /* of zstd's magic number */
    g_assert_true(text_decompress_into(frame.data, frame.length, &text, &error));
    g_assert_cmpmem(text.data, text.length, wanted, 5000);
}

/* Whatever a record says of its length, nothing is written behind it, and nobody takes half a text for a whole one. */
static void test_a_clean_text_with_another_length_or_cut_off_is_refused(void)
{
    g_auto(Buffer) frame;
    g_autofree char *wanted = text_of(5000);
    buffer_init(&frame, 1 << 20);
    cleaned_compress(wanted, 5000, &frame);
    for (guint32 length = 0; length <= 20000; length += 1000) {
        guint32 told = GUINT32_TO_LE(length);
        g_autofree char *got = NULL;
        gsize got_length;
        memcpy(frame.data, &told, sizeof told);
        g_assert_cmpint(text_decompress(frame.data, frame.length, &got, &got_length, NULL), ==, length == 5000);
    }
    memcpy(frame.data, &(guint32){GUINT32_TO_LE(5000)}, sizeof(guint32));
    for (gsize kept = 0; kept < frame.length; kept++) {
        g_autofree char *cut = g_memdup2(frame.data, kept), *got = NULL;
        gsize got_length;
        g_assert_false(text_decompress(cut, kept, &got, &got_length, NULL));
    }
}

static void test_a_clean_text_that_is_longer_than_its_buffer_may_be_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(Buffer) text, frame;
    g_autofree char *wanted = text_of(5000);
    buffer_init(&text, 4999);
    buffer_init(&frame, 1 << 20);
    cleaned_compress(wanted, 5000, &frame);
    g_assert_false(text_decompress_into(frame.data, frame.length, &text, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "5000 bytes"));
    g_clear_error(&error);
    frame.data[0] ^= 1;
    g_assert_false(text_decompress_into(frame.data, frame.length, &text, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
}

#define SECRET "what nobody may read any more"

static gboolean put_secret(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 100; docno < 200; docno++)
        if (!store_put_docno(txn, TABLE_NOTES, docno, SECRET, strlen(SECRET), error))
            return FALSE;
    return TRUE;
}

static gboolean delete_secret(StoreTxn *txn, gpointer user, GError **error)
{
    return store_clear(txn, TABLE_NOTES, error);
}

static gboolean file_holds(const char *store, const char *text)
{
    g_autofree char *path = store_part_path(store), *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

static void test_compaction_leaves_no_byte_of_what_was_deleted_and_all_of_the_rest(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_three, NULL, &error) && store_write(store, put_secret, NULL, &error) &&
                  store_write(store, delete_secret, NULL, &error));
    g_assert_true(file_holds(path, SECRET)); /* or the test proves nothing */
    g_assert_true(store_compact(store, &error));
    g_assert_no_error(error);
    g_assert_false(file_holds(path, SECRET));
    g_assert_true(store_write(store, put_three, NULL, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE_DOCUMENTS), ==, 3);
    g_assert_cmpuint(store_count(txn, TABLE_NOTES), ==, 0);
    g_autofree char *copy = g_strconcat(path, "/part-0000.mdb.compact", NULL);
    g_assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
}

static gboolean fill(StoreTxn *txn, gpointer user, GError **error)
{
    guint *calls = user;
    g_autofree guint8 *noise = g_malloc(1 << 20);
    (*calls)++;
    for (Docno docno = 0; docno < 40; docno++) {
        for (guint i = 0; i < 1 << 20; i++)
            noise[i] = (guint8)(i * 2654435761u >> 7);
        if (!store_put_docno(txn, TABLE_TOKENS, docno, noise, 1 << 20, error))
            return FALSE;
    }
    return TRUE;
}

static void test_a_full_map_grows_and_the_batch_is_whole(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_set_map_size(store, 4 << 20, &error));
    guint calls = 0;
    g_assert_true(store_write(store, fill, &calls, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(calls, >, 1);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE_TOKENS), ==, 40);
}

/* Every third number; then those between, some written over, and the last one taken out and put back. */
static gboolean put_rising(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < 30000; docno += 3)
        if (!store_put_docno(txn, TABLE_TOKENS, docno, &docno, sizeof docno, error))
            return FALSE;
    return TRUE;
}

static gboolean put_between(StoreTxn *txn, gpointer user, GError **error)
{
    guint8 last[8];
    docno_write(29997, last);
    for (Docno docno = 1; docno < 30000; docno += docno % 3 == 1 ? 1 : 2)
        if (!store_put_docno(txn, TABLE_TOKENS, docno, &docno, sizeof docno, error))
            return FALSE;
    for (Docno docno = 29996, value = 1; docno < 30010; docno++)
        if (!store_put_docno(txn, TABLE_TOKENS, docno, &value, sizeof value, error))
            return FALSE;
    Docno value = 2;
    return store_delete(txn, TABLE_TOKENS, last, sizeof last, error) && store_put_docno(txn, TABLE_TOKENS, 29997, &value, sizeof value, error);
}

static void test_records_put_in_any_order_all_come_back(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_rising, NULL, &error));
    g_assert_true(store_write(store, put_between, NULL, &error));
    g_assert_no_error(error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE_TOKENS), ==, 30010);
    for (Docno docno = 0; docno < 30010; docno++) {
        Docno wanted = docno == 29997 ? 2 : docno >= 29996 ? 1 : docno;
        StoreValue value;
        g_assert_true(store_get_docno(txn, TABLE_TOKENS, docno, &value, &error));
        g_assert_cmpmem(value.data, value.length, &wanted, sizeof wanted);
    }
}

static void test_a_cursor_beside_another_finds_each_document_or_none(void)
{
    static const unsigned steps[] = {1, 2, 3, 7, 50, 100, 1000};
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_rising, NULL, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_TOKENS, NULL, 0, &error);
        for (Docno docno = 0; docno < 30100; docno += steps[i]) {
            StoreValue value;
            gboolean there = docno % 3 == 0 && docno < 30000;
            g_assert_cmpint(store_cursor_find(cursor, docno, NULL, &error), ==, there);
            g_assert_cmpint(store_cursor_find(cursor, docno, &value, &error), ==, there);
            if (there)
                g_assert_cmpmem(value.data, value.length, &docno, sizeof docno);
        }
    }
    g_autoptr(StoreCursor) empty = store_cursor_new(txn, TABLE_CLEANED, NULL, 0, &error);
    g_assert_cmpint(store_cursor_find(empty, 5, NULL, &error), ==, 0);
    g_assert_no_error(error);
}

/* A follower is not in the writer's list of readers: only the kept snapshot saves its pages from being written over. */
static void test_what_is_kept_stays_readable_for_followers_while_it_is_written_over(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    guint calls = 0;
    g_assert_true(store_write(store, fill, &calls, &error));
    StoreTxn *kept = store_keep(store, (guint64)400 << 20, &error);
    g_autoptr(Store) follower = store_open(path, STORE_FOLLOW, &error);
    g_assert_no_error(error);
    StoreTxn *txn = store_read_begin(follower, &error);
    for (unsigned i = 0; i < 4; i++)
        g_assert_true(store_write(store, fill, &calls, &error));
    StoreValue value;
    for (Docno docno = 0; docno < 40; docno++)
        g_assert_true(store_get_docno(txn, TABLE_TOKENS, docno, &value, &error));
    g_assert_no_error(error);
    store_read_end(txn);
    store_read_end(kept);
}

static void test_a_map_does_not_grow_while_a_snapshot_is_kept(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_set_map_size(store, 4 << 20, &error));
    StoreTxn *kept = store_keep(store, 1 << 20, &error);
    g_assert_nonnull(kept);
    guint calls = 0;
    g_assert_false(store_write(store, fill, &calls, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "run the same command again"));
    g_clear_error(&error);
    store_read_end(kept);
    g_assert_true(store_write(store, fill, &calls, &error));
    g_assert_no_error(error);
}

static void test_a_follower_sees_what_was_written_once_it_is_refreshed(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_autoptr(Store) follower = store_open(path, STORE_FOLLOW, &error);
    g_assert_no_error(error);
    guint calls = 0;
    g_assert_true(store_write(store, put_three, NULL, &error) && store_write(store, fill, &calls, &error));
    g_assert_true(store_refresh(follower, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(follower, &error);
    guint64 end;
    g_assert_true(store_docno_end(txn, TABLE_DOCUMENTS, &end, &error));
    g_assert_cmpuint(end, ==, 3);
    g_assert_true(store_docno_end(txn, TABLE_LEDGER, &end, &error));
    g_assert_cmpuint(end, ==, 0);
    g_assert_cmpuint(store_count(txn, TABLE_TOKENS), ==, 40);
    g_assert_no_error(error);
}

static gboolean put_then_fail(StoreTxn *txn, gpointer user, GError **error)
{
    if (!put_three(txn, user, error))
        return FALSE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "on purpose");
    return FALSE;
}

static void test_a_failed_batch_leaves_nothing(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_false(store_write(store, put_then_fail, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE_DOCUMENTS), ==, 0);
}

static void test_a_second_writer_is_refused_and_told_who_writes(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_nonnull(store);
    g_autoptr(Store) second = store_open(path, STORE_WRITE, &error);
    g_assert_null(second);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_autofree char *pid = g_strdup_printf("process %ld ", (long)getpid());
    g_assert_nonnull(strstr(error->message, pid));
}

static gboolean write_over(StoreTxn *txn, gpointer user, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(1 << 20);
    memset(bytes, *(int *)user, 1 << 20);
    return store_put_meta(txn, "n", "x", error) && store_put(txn, TABLE_META, "large", 5, bytes, 1 << 20, error);
}

/* A process that reads, and is killed while it does. */
static void kill_a_reader(const char *path)
{
    int ready[2];
    char byte;
    g_assert_cmpint(pipe(ready), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        Store *store = store_open(path, STORE_READ, NULL);
        StoreTxn *txn = store ? store_read_begin(store, NULL) : NULL;
        if (txn && write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
}

static void test_a_killed_reader_holds_nothing(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autofree char *part = store_part_path(path);
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    int value = 0;
    g_assert_true(store_write(store, write_over, &value, &error));
    kill_a_reader(path);
    for (value = 1; value < 60; value++)
        g_assert_true(store_write(store, write_over, &value, &error));
    GStatBuf status;
    g_assert_cmpint(g_stat(part, &status), ==, 0);
    g_assert_cmpint(status.st_size, <, 12 << 20);
}

/* As cp would copy it. */
static char *copy_of(const char *path)
{
    char *copy = g_strconcat(path, ".copy", NULL);
    g_autofree char *command = g_strdup_printf("rm -rf '%s' && cp -r '%s' '%s'", copy, path, copy);
    g_assert_cmpint(system(command), ==, 0);
    return copy;
}

static void test_a_copy_made_during_a_write_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    g_autofree char *torn = copy_of(path), *lock = g_build_filename(torn, "writer.lock", NULL);
    g_assert_null(store_open(torn, STORE_WRITE, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, lock));
    g_clear_error(&error);
    g_autoptr(Store) read = store_open(torn, STORE_READ, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_unlink(lock), ==, 0);
    g_autoptr(Store) written = store_open(torn, STORE_WRITE, &error);
    g_assert_no_error(error);
    g_clear_pointer(&written, store_free);
    store_free(store);
    g_clear_pointer(&read, store_free);
    g_autofree char *whole = copy_of(path);
    g_autoptr(Store) copy = store_open(whole, STORE_WRITE, &error);
    g_assert_no_error(error);
    g_assert_nonnull(copy);
}

static gboolean put_other_version(StoreTxn *txn, gpointer user, GError **error)
{
    return store_put_meta(txn, "format", "99", error);
}

static void test_a_store_of_another_version_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_other_version, NULL, &error));
    store_free(store);
    g_assert_null(store_open(path, STORE_READ, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "version 99"));
}

static void test_no_store_and_a_cut_store_are_input_errors(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(directory, STORE_READ, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);

    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    guint calls = 0;
    g_assert_true(store_write(store, fill, &calls, &error));
    store_free(store);
    g_autofree char *part = g_build_filename(path, "part-0000.mdb", NULL);
    g_assert_cmpint(truncate(part, 1 << 20), ==, 0);
    g_assert_null(store_open(path, STORE_READ, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "cut off"));
}

/* Flips a byte of the record's text where it lies in the data file. */
/* What a full disk leaves of a store at its very beginning: half of the first pages. */
static void test_a_store_that_never_began_is_begun_anew(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    store_free(store);
    g_autofree char *part = g_build_filename(path, "part-0000.mdb", NULL);
    for (off_t size = 0; size <= 4096; size += 2048) {
        g_assert_cmpint(truncate(part, size), ==, 0);
        g_assert_null(store_open(path, STORE_READ, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "is empty"));
        g_clear_error(&error);
        store = store_open(path, STORE_CREATE, &error);
        g_assert_no_error(error);
        store_free(store);
        store = store_open(path, STORE_READ, &error);
        g_assert_no_error(error);
        store_free(store);
    }
}

static void test_a_flipped_byte_is_a_checksum_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_three, NULL, &error));
    store_free(store);
    g_autofree char *part = g_build_filename(path, "part-0000.mdb", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(part, &bytes, &length, NULL));
    for (gsize i = 0; i + 3 < length; i++)
        if (memcmp(bytes + i, "id1", 3) == 0)
            bytes[i + 2] = '7';
    g_assert_true(g_file_set_contents(part, bytes, (gssize)length, NULL));
    store = store_open(path, STORE_READ, &error);
    g_assert_no_error(error);
    StoreTxn *txn = store_read_begin(store, &error);
    g_auto(Document) document = {0};
    g_assert_false(document_get(txn, 1, &document, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "checksum"));
    store_read_end(txn);
    store_free(store);
}

static gboolean put_verdict(StoreTxn *txn, gpointer user, GError **error)
{
    Verdict verdict = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.93, 0.8, 17, NULL};
    Verdict drop = {OUTCOME_DROPPED, "clean", "too-short", 3, 20, DOCNO_NONE, "three words"};
    return ledger_put(txn, 5, &verdict, error) && ledger_put(txn, 6, &drop, error);
}

static gboolean forget_dedup(StoreTxn *txn, gpointer user, GError **error)
{
    return ledger_forget_stage(txn, "dedup", error);
}

static void test_a_verdict_comes_back_and_a_stage_can_take_its_own_back(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_verdict, NULL, &error));
    StoreTxn *txn = store_read_begin(store, &error);
    Verdict verdict;
    g_assert_true(ledger_get(txn, 5, &verdict, &error));
    g_assert_cmpint(verdict.outcome, ==, OUTCOME_MERGED);
    g_assert_cmpstr(verdict.rule, ==, "near-duplicate");
    g_assert_cmpfloat(verdict.value, ==, 0.93);
    g_assert_cmpuint(verdict.winner, ==, 17);
    g_assert_null(verdict.detail);
    store_read_end(txn);
    g_assert_true(store_write(store, forget_dedup, NULL, &error));
    txn = store_read_begin(store, &error);
    g_assert_false(ledger_has(txn, 5));
    g_assert_true(ledger_has(txn, 6));
    store_read_end(txn);
}

/* ---- stage_map ----------------------------------------------------------------------------------------------- */

static gboolean put_many(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < 1000; docno++) {
        g_auto(Document) document = {.source = g_strdup("s"), .id = g_strdup_printf("%d", (int)docno)};
        document_set_text(&document, document.id, strlen(document.id));
        if (!document_put(txn, docno, &document, error))
            return FALSE;
    }
    Verdict verdict = {OUTCOME_DROPPED, "ingest", "no-text", NAN, NAN, DOCNO_NONE, NULL};
    return ledger_put(txn, 500, &verdict, error);
}

typedef struct Doubling {
    int calls; /* of save; changed by one thread */
    Docno stop_at; /* kill the process before saving this one */
} Doubling;

static gboolean doubling_work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    item->result = g_strdup_printf("%s%s", item->document.text, item->document.text);
    return TRUE;
}

static gboolean doubling_save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    Doubling *doubling = user;
    if (item->docno == doubling->stop_at)
        kill(getpid(), SIGKILL);
    doubling->calls++;
    return cleaned_put(txn, item->docno, item->result, strlen(item->result), error);
}

static void doubling_count(gpointer user, StageItem *item, StageRun *run)
{
    stage_count(run, item->document.source, "documents", 1);
}

static gboolean run_doubling(Store *store, Doubling *doubling, unsigned jobs, const char *fingerprint, GError **error)
{
    StageContext context = {.store = store, .jobs = jobs, .batch_documents = 50};
    StageMap map = {
        .stage = "clean", .fingerprint = fingerprint, .reads = STAGE_READ_DOCUMENT, .user = doubling, .work = doubling_work,
        .save = doubling_save, .count = doubling_count, .result_free = g_free,
    };
    return stage_map(&context, &map, error);
}

static void check_doubled(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE_CLEANED), ==, 999);
    for (Docno docno = 0; docno < 1000; docno++) {
        g_autofree char *text = NULL;
        gsize length;
        g_autofree char *expected = g_strdup_printf("%d%d", (int)docno, (int)docno);
        g_assert_true(cleaned_get(txn, docno, &text, &length, &error) == (docno != 500));
        if (text)
            g_assert_cmpstr(text, ==, expected);
    }
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "clean", &run, &error));
    g_assert_true(run.complete);
    g_assert_cmpint(json_integer_value(json_object_get(run.counts, "s/documents")), ==, 999);
}

static void test_a_stage_maps_every_undecided_document_once_and_skips_when_done(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_many, NULL, &error));
    Doubling doubling = {0, DOCNO_NONE};
    g_assert_true(run_doubling(store, &doubling, 3, "a", &error));
    check_doubled(store);
    g_assert_cmpint(doubling.calls, ==, 999);
    g_assert_true(run_doubling(store, &doubling, 3, "a", &error));
    g_assert_cmpint(doubling.calls, ==, 999);
    g_assert_true(run_doubling(store, &doubling, 1, "another setting", &error));
    g_assert_cmpint(doubling.calls, ==, 2 * 999);
    check_doubled(store);
}

static void test_a_killed_stage_goes_on_where_it_was(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fresh_store();
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_many, NULL, &error));
    store_free(store);
    pid_t child = fork();
    if (child == 0) {
        Doubling killed = {0, 700};
        store = store_open(path, STORE_WRITE, NULL);
        run_doubling(store, &killed, 2, "a", NULL);
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status));
    store = store_open(path, STORE_WRITE, &error);
    g_assert_no_error(error);
    Doubling doubling = {0, DOCNO_NONE};
    g_assert_true(run_doubling(store, &doubling, 2, "a", &error));
    g_assert_cmpint(doubling.calls, <, 500);
    g_assert_cmpint(doubling.calls, >, 0);
    check_doubled(store);
    store_free(store);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-store-XXXXXX", NULL);
    g_test_add_func("/store/a document comes back as it was", test_a_document_comes_back_as_it_was);
    g_test_add_func("/store/a record that is put as new leaves the one that is there", test_a_record_that_is_put_as_new_leaves_the_one_that_is_there);
    g_test_add_func("/store/clean texts of any length come back, one after the other", test_clean_texts_of_any_length_come_back_one_after_the_other);
    g_test_add_func("/store/a clean text that is longer than its buffer may be is refused", test_a_clean_text_that_is_longer_than_its_buffer_may_be_is_refused);
    g_test_add_func("/store/records of any length pass their checksums", test_records_of_any_length_pass_their_checksums);
    g_test_add_func("/store/clean texts that an earlier program wrote as zstd are read", test_clean_texts_that_an_earlier_program_wrote_as_zstd_are_read);
    g_test_add_func("/store/a clean text with another length or cut off is refused", test_a_clean_text_with_another_length_or_cut_off_is_refused);
    g_test_add_func("/store/a full map grows and the batch is whole", test_a_full_map_grows_and_the_batch_is_whole);
    g_test_add_func("/store/records put in any order all come back", test_records_put_in_any_order_all_come_back);
    g_test_add_func("/store/a cursor beside another finds each document, or that there is none", test_a_cursor_beside_another_finds_each_document_or_none);
    g_test_add_func("/store/what is kept stays readable for followers while it is written over",
                    test_what_is_kept_stays_readable_for_followers_while_it_is_written_over);
    g_test_add_func("/store/a map does not grow while a snapshot is kept", test_a_map_does_not_grow_while_a_snapshot_is_kept);
    g_test_add_func("/store/a follower sees what was written once it is refreshed", test_a_follower_sees_what_was_written_once_it_is_refreshed);
    g_test_add_func("/store/a failed batch leaves nothing", test_a_failed_batch_leaves_nothing);
    g_test_add_func("/store/a second writer is refused and told who writes", test_a_second_writer_is_refused_and_told_who_writes);
    g_test_add_func("/store/a killed reader holds nothing", test_a_killed_reader_holds_nothing);
    g_test_add_func("/store/a copy made during a write is refused", test_a_copy_made_during_a_write_is_refused);
    g_test_add_func("/store/a store of another version is refused", test_a_store_of_another_version_is_refused);
    g_test_add_func("/store/no store and a cut store are input errors", test_no_store_and_a_cut_store_are_input_errors);
    g_test_add_func("/store/a store that never began is begun anew", test_a_store_that_never_began_is_begun_anew);
    g_test_add_func("/store/compaction leaves no byte of what was deleted and all of the rest",
                    test_compaction_leaves_no_byte_of_what_was_deleted_and_all_of_the_rest);
    g_test_add_func("/store/a flipped byte is a checksum error", test_a_flipped_byte_is_a_checksum_error);
    g_test_add_func("/ledger/a verdict comes back and a stage can take its own back",
                    test_a_verdict_comes_back_and_a_stage_can_take_its_own_back);
    g_test_add_func("/stage/every undecided document goes through once, and a finished stage is skipped",
                    test_a_stage_maps_every_undecided_document_once_and_skips_when_done);
    g_test_add_func("/stage/a killed stage goes on where it was", test_a_killed_stage_goes_on_where_it_was);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
