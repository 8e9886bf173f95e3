/* SPDX-License-Identifier: Apache-2.0
 * Rows put by place into regions of a nameless file; see base/row_scatter.h.
 *
 * A region's stretch of the file holds its rows in the order in which they came, each behind its place in the region. */
#include "base/row_scatter.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define REGION_PLACES ((guint64)1 << 19)
#define BLOCK_RECORDS 512
#define NONE G_MAXUINT64

typedef struct Region {
    char *block; /* records that are not written yet; NULL: none */
    guint32 in_block;
    guint64 written; /* records */
} Region;

struct RowScatter {
    int descriptor;
    char *folder;
    gsize row_size, record_size;
    guint64 count;
    guint64 region_count;
    Region *regions;
    guint64 loaded; /* the region that `rows` has, or NONE */
    char *records, *rows;
    guint8 *there; /* of each place of the loaded region */
};

static guint64 region_places(const RowScatter *scatter, guint64 region)
{
    return MIN(REGION_PLACES, scatter->count - region * REGION_PLACES);
}

RowScatter *row_scatter_new(const char *folder, gsize row_size, guint64 count, GError **error)
{
    int descriptor = file_open_nameless(folder, error);
    if (descriptor < 0)
        return NULL;
    RowScatter *scatter = g_new0(RowScatter, 1);
    *scatter = (RowScatter){.descriptor = descriptor, .row_size = row_size, .count = count, .loaded = NONE};
    scatter->folder = g_strdup(folder);
    scatter->record_size = sizeof(guint32) + row_size;
    scatter->region_count = count / REGION_PLACES + (count % REGION_PLACES != 0);
    scatter->regions = g_new0(Region, scatter->region_count);
    return scatter;
}

void row_scatter_free(RowScatter *scatter)
{
    if (!scatter)
        return;
    for (guint64 i = 0; i < scatter->region_count; i++)
        g_free(scatter->regions[i].block);
    close(scatter->descriptor);
    g_free(scatter->regions);
    g_free(scatter->records);
    g_free(scatter->rows);
    g_free(scatter->there);
    g_free(scatter->folder);
    g_free(scatter);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static gboolean write_all(const RowScatter *scatter, const char *data, gsize length, guint64 at, GError **error)
{
    for (gsize done = 0; done < length;) {
        gssize now = pwrite(scatter->descriptor, data + done, length - done, (off_t)(at + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            galen_error_set_errno(error, now < 0 ? errno : ENOSPC, "cannot write a temporary file in %s; free some space and run the same command again",
                                  scatter->folder);
            return FALSE;
        }
        done += (gsize)now;
    }
    return TRUE;
}

static gboolean write_block(RowScatter *scatter, guint64 number, GError **error)
{
    Region *region = &scatter->regions[number];
    guint64 at = (number * REGION_PLACES + region->written) * scatter->record_size;
    if (!write_all(scatter, region->block, region->in_block * scatter->record_size, at, error))
        return FALSE;
    region->written += region->in_block;
    region->in_block = 0;
    return TRUE;
}

gboolean row_scatter_put(RowScatter *scatter, guint64 place, const void *row, GError **error)
{
    guint64 number = place / REGION_PLACES;
    guint32 within = (guint32)(place % REGION_PLACES);
    g_return_val_if_fail(place < scatter->count, FALSE);
    Region *region = &scatter->regions[number];
    if (region->written + region->in_block == region_places(scatter, number)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "place %" G_GUINT64_FORMAT " of a list comes twice", place);
        return FALSE;
    }
    if (!region->block)
        region->block = g_malloc(BLOCK_RECORDS * scatter->record_size);
    char *to = region->block + region->in_block * scatter->record_size;
    memcpy(to, &within, sizeof within);
    memcpy(to + sizeof within, row, scatter->row_size);
    return ++region->in_block < BLOCK_RECORDS || write_block(scatter, number, error);
}

gboolean row_scatter_finish(RowScatter *scatter, GError **error)
{
    gsize places = (gsize)MIN(REGION_PLACES, scatter->count);
    for (guint64 i = 0; i < scatter->region_count; i++) {
        if (scatter->regions[i].in_block && !write_block(scatter, i, error))
            return FALSE;
        g_clear_pointer(&scatter->regions[i].block, g_free);
    }
    scatter->records = g_malloc(places * scatter->record_size);
    scatter->rows = g_malloc(places * scatter->row_size);
    scatter->there = g_malloc(places);
    return TRUE;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static gboolean read_records(RowScatter *scatter, guint64 number, GError **error)
{
    gsize length = (gsize)scatter->regions[number].written * scatter->record_size;
    guint64 at = number * REGION_PLACES * scatter->record_size;
    for (gsize done = 0; done < length;) {
        gssize now = pread(scatter->descriptor, scatter->records + done, length - done, (off_t)(at + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            galen_error_set_errno(error, now < 0 ? errno : EIO, "cannot read a temporary file in %s", scatter->folder);
            return FALSE;
        }
        done += (gsize)now;
    }
    return TRUE;
}

static gboolean load_region(RowScatter *scatter, guint64 number, GError **error)
{
    scatter->loaded = NONE;
    memset(scatter->there, 0, (gsize)region_places(scatter, number));
    if (!read_records(scatter, number, error))
        return FALSE;
    for (guint64 i = 0; i < scatter->regions[number].written; i++) {
        const char *record = scatter->records + i * scatter->record_size;
        guint32 within;
        memcpy(&within, record, sizeof within);
        memcpy(scatter->rows + within * scatter->row_size, record + sizeof within, scatter->row_size);
        scatter->there[within] = 1;
    }
    scatter->loaded = number;
    return TRUE;
}

const void *row_scatter_at(RowScatter *scatter, guint64 place, GError **error)
{
    g_return_val_if_fail(place < scatter->count, NULL);
    guint64 number = place / REGION_PLACES, within = place % REGION_PLACES;
    if (scatter->loaded != number && !load_region(scatter, number, error))
        return NULL;
    if (scatter->there[within])
        return scatter->rows + within * scatter->row_size;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "place %" G_GUINT64_FORMAT " of a list was left out", place);
    return NULL;
}
