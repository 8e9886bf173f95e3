/* SPDX-License-Identifier: Apache-2.0
 * Best-fit decreasing, block by block; see store/pack_fit.h.
 *
 * A bin is what begins at a window's start: a long document, or none, and the short ones behind it. Bins lie in lists by the
 * room that they have left; a bit for each room says whether its list has one, and a bit for each 64 of these whether any has,
 * so that the least room that is enough is found in a few steps. */
#include "store/pack_fit.h"

#include <string.h>

#define BLOCK_ITEMS 1048576
#define NONE G_MAXUINT32

typedef struct Bin {
    guint32 room;  /* tokens left in its last window */
    guint32 next;  /* in the list of its room */
    guint32 first, last; /* items; linked by PackFit.following */
    gboolean is_long;
} Bin;

struct PackFit {
    const PackItems *items;
    guint64 window, seed;
    guint64 place; /* of the next item to take, in the order */
    guint64 blocks;
    GArray *block;      /* of PackItem, in the shuffled order */
    GArray *following;  /* of guint32, for each of them: the next one in its bin */
    GArray *bins;       /* of Bin */
    guint32 *heads;     /* the first bin with this room */
    guint64 *full_rooms, *full_words; /* bits */
    /* What is being given out: */
    Permutation order;
    guint64 next_bin, position;
    guint32 next_item;
    gsize words;
};

PackFit *pack_fit_new(const PackItems *items, guint64 window, guint64 seed)
{
    PackFit *fit = g_new0(PackFit, 1);
    fit->items = items;
    fit->window = window;
    fit->seed = seed;
    fit->block = g_array_new(FALSE, FALSE, sizeof(PackItem));
    fit->following = g_array_new(FALSE, FALSE, sizeof(guint32));
    fit->bins = g_array_new(FALSE, FALSE, sizeof(Bin));
    fit->words = (gsize)window / 64 + 1;
    fit->heads = g_new(guint32, window + 1);
    fit->full_rooms = g_new(guint64, fit->words);
    fit->full_words = g_new(guint64, fit->words / 64 + 1);
    fit->next_item = NONE;
    return fit;
}

void pack_fit_free(PackFit *fit)
{
    if (!fit)
        return;
    g_array_unref(fit->block);
    g_array_unref(fit->following);
    g_array_unref(fit->bins);
    g_free(fit->heads);
    g_free(fit->full_rooms);
    g_free(fit->full_words);
    g_free(fit);
}

/* ---- Bins by their room ------------------------------------------------------------------------------------------ */

static Bin *bin_at(const PackFit *fit, guint32 bin)
{
    return &g_array_index(fit->bins, Bin, bin);
}

static guint32 *following_of(const PackFit *fit, guint32 item)
{
    return &g_array_index(fit->following, guint32, item);
}

static void list_bin(PackFit *fit, guint32 number)
{
    Bin *bin = bin_at(fit, number);
    bin->next = fit->heads[bin->room];
    fit->heads[bin->room] = number;
    fit->full_rooms[bin->room / 64] |= (guint64)1 << bin->room % 64;
    fit->full_words[bin->room / 4096] |= (guint64)1 << bin->room / 64 % 64;
}

static void unlist_first(PackFit *fit, guint32 room)
{
    fit->heads[room] = bin_at(fit, fit->heads[room])->next;
    if (fit->heads[room] != NONE)
        return;
    fit->full_rooms[room / 64] &= ~((guint64)1 << room % 64);
    if (fit->full_rooms[room / 64] == 0)
        fit->full_words[room / 4096] &= ~((guint64)1 << room / 64 % 64);
}

/* The first bit from `from` on that is set in a row of `words` words; NONE. */
static guint64 next_bit(const guint64 *bits, gsize words, guint64 from)
{
    for (guint64 word = from / 64; word < words; word++) {
        guint64 left = bits[word] & (word == from / 64 ? ~(guint64)0 << from % 64 : ~(guint64)0);
        if (left)
            return word * 64 + (guint64)__builtin_ctzll(left);
    }
    return NONE;
}

/* The least room of a bin that is at least `length`; NONE. */
static guint32 least_room(const PackFit *fit, guint32 length)
{
    guint64 here = fit->full_rooms[length / 64] & ~(guint64)0 << length % 64;
    if (here)
        return length / 64 * 64 + (guint32)__builtin_ctzll(here);
    guint64 word = next_bit(fit->full_words, fit->words / 64 + 1, length / 64 + 1);
    return word == NONE ? NONE : (guint32)(word * 64 + (guint64)__builtin_ctzll(fit->full_rooms[word]));
}

static void open_bin(PackFit *fit, guint32 item, guint32 length, gboolean is_long)
{
    Bin bin = {.room = (guint32)(fit->window - length), .first = item, .last = item, .is_long = is_long};
    *following_of(fit, item) = NONE;
    g_array_append_val(fit->bins, bin);
    list_bin(fit, fit->bins->len - 1);
}

static void put_into_bin(PackFit *fit, guint32 room, guint32 item, guint32 length)
{
    guint32 number = fit->heads[room];
    Bin *bin = bin_at(fit, number);
    unlist_first(fit, room);
    *following_of(fit, item) = NONE;
    *following_of(fit, bin->last) = item;
    bin->last = item;
    bin->room -= length;
    list_bin(fit, number);
}

/* ---- A block ----------------------------------------------------------------------------------------------------- */

static const PackItem *item_at(const PackFit *fit, guint32 item)
{
    return &g_array_index(fit->block, PackItem, item);
}

/* The items by falling length, equal ones in their order: counted, not compared. Long ones are left out. */
static guint32 *sort_short(const PackFit *fit, guint32 *count)
{
    g_autofree guint32 *places = g_new0(guint32, fit->window + 2);
    guint32 *sorted = g_new(guint32, fit->block->len), sum = 0;
    for (guint32 i = 0; i < fit->block->len; i++)
        if (item_at(fit, i)->length <= fit->window)
            places[item_at(fit, i)->length]++;
    for (guint64 length = fit->window + 1; length-- > 0;) {
        guint32 here = places[length];
        places[length] = sum;
        sum += here;
    }
    for (guint32 i = 0; i < fit->block->len; i++)
        if (item_at(fit, i)->length <= fit->window)
            sorted[places[item_at(fit, i)->length]++] = i;
    *count = sum;
    return sorted;
}

static void clear_bins(PackFit *fit)
{
    g_array_set_size(fit->bins, 0);
    g_array_set_size(fit->following, fit->block->len);
    for (guint64 room = 0; room <= fit->window; room++)
        fit->heads[room] = NONE;
    memset(fit->full_rooms, 0, fit->words * sizeof *fit->full_rooms);
    memset(fit->full_words, 0, (fit->words / 64 + 1) * sizeof *fit->full_words);
}

static void fit_block(PackFit *fit)
{
    guint32 count;
    g_autofree guint32 *sorted = sort_short(fit, &count);
    clear_bins(fit);
    for (guint32 i = 0; i < fit->block->len; i++) {
        guint64 length = item_at(fit, i)->length;
        if (length > fit->window)
            open_bin(fit, i, (guint32)((length - 1) % fit->window + 1), TRUE);
    }
    for (guint32 i = 0; i < count; i++) {
        guint32 length = item_at(fit, sorted[i])->length, room = least_room(fit, length);
        if (room == NONE)
            open_bin(fit, sorted[i], length, FALSE);
        else
            put_into_bin(fit, room, sorted[i], length);
    }
}

/* Items of a bin in the order of the shuffle, but a long one first. They were put in by falling length. */
static int compare_numbers(gconstpointer left, gconstpointer right)
{
    guint32 a = *(const guint32 *)left, b = *(const guint32 *)right;
    return (a > b) - (a < b);
}

static void order_bin(PackFit *fit, Bin *bin, GArray *scratch)
{
    guint32 from = bin->is_long ? *following_of(fit, bin->first) : bin->first;
    g_array_set_size(scratch, 0);
    for (guint32 item = from; item != NONE; item = *following_of(fit, item))
        g_array_append_val(scratch, item);
    if (scratch->len < 2)
        return;
    g_array_sort(scratch, compare_numbers);
    const guint32 *numbers = (const guint32 *)(void *)scratch->data;
    for (guint i = 0; i < scratch->len; i++)
        *following_of(fit, numbers[i]) = i + 1 < scratch->len ? numbers[i + 1] : NONE;
    if (bin->is_long)
        *following_of(fit, bin->first) = numbers[0];
    else
        bin->first = numbers[0];
}

/* Reads, fits and orders the next block: 1, 0 behind the last, -1. */
static int next_block(PackFit *fit, GError **error)
{
    g_array_set_size(fit->block, 0);
    for (; fit->block->len < BLOCK_ITEMS && fit->place < fit->items->count; fit->place++) {
        const PackItem *item = row_scatter_at(fit->items->order, fit->place, error);
        if (!item)
            return -1;
        g_array_append_val(fit->block, *item);
    }
    if (fit->block->len == 0)
        return 0;
    fit_block(fit);
    g_autoptr(GArray) scratch = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < fit->bins->len; i++)
        order_bin(fit, bin_at(fit, i), scratch);
    permutation_init(&fit->order, fit->bins->len, random_at(fit->seed, "bins", fit->blocks++));
    fit->next_bin = 0;
    return 1;
}

/* ---- Giving out -------------------------------------------------------------------------------------------------- */

/* Opens the next bin; TRUE: padding comes first. */
static gboolean begin_bin(PackFit *fit, PackItem *padding)
{
    const Bin *bin = bin_at(fit, (guint32)permutation_at(&fit->order, fit->next_bin++));
    guint64 within = fit->position % fit->window;
    fit->next_item = bin->first;
    if (within == 0 || (bin->is_long && bin->first == bin->last))
        return FALSE;
    *padding = (PackItem){.docno = DOCNO_NONE, .length = (guint32)(fit->window - within)};
    return TRUE;
}

int pack_fit_next(PackFit *fit, PackItem *item, GError **error)
{
    if (fit->next_item == NONE) {
        int more = fit->next_bin < fit->bins->len ? 1 : next_block(fit, error);
        if (more <= 0)
            return more;
        if (begin_bin(fit, item)) {
            fit->position += item->length;
            return 1;
        }
    }
    *item = *item_at(fit, fit->next_item);
    fit->next_item = *following_of(fit, fit->next_item);
    fit->position += item->length;
    return 1;
}
