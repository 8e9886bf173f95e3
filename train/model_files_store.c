/* SPDX-License-Identifier: Apache-2.0
 * The tokenizer of a store beside a model's weights; see train/model_files.h. */
#include "base/file.h"
#include "store/tokenizer_store.h"
#include "train/model_files.h"

/* A store calls both kinds tokenizer.model; a tokenizer.json is an object. */
static const char *name_by_content(const char *data, gsize length)
{
    gsize blank = 0;
    while (blank < length && g_ascii_isspace(data[blank]))
        blank++;
    return blank < length && data[blank] == '{' ? "tokenizer.json" : "tokenizer.model";
}

gboolean model_files_add_tokenizer(ModelFiles *files, Store *store, GError **error)
{
    char *data;
    const char *special;
    gsize length;
    g_autofree char *path = g_build_filename(store_directory(store), TOKENIZER_FILE, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    g_autoptr(Tokenizer) tokenizer = tokenizer_from_store(store, error);
    if (!tokenizer || !file_read(path, MODEL_FILES_LIMIT, &data, &length, error))
        return FALSE;
    model_files_add(files, name_by_content(data, length), data, length);
    for (unsigned i = 0; (special = tokenizer_special(tokenizer, i)); i++)
        model_files_add_token(files, special, tokenizer_special_id(tokenizer, i));
    return TRUE;
}
