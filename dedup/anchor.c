/* SPDX-License-Identifier: Apache-2.0
 * Windows and their anchors; see dedup/anchor.h. */
#include "dedup/anchor.h"

#include "dedup/word.h"

#define MULTIPLIER 0x9e3779b97f4a7c15u

typedef struct Gram {
    guint64 hash;
    gsize place;
} Gram;

struct Anchors {
    unsigned window, gram;
    unsigned grams;       /* in a window */
    guint64 leaving;      /* MULTIPLIER to the power of `gram` */
    FoldedText *folded;
    WordHasher *hasher;
    const guint64 *words; /* hashes */
    gsize count;
    gsize next;           /* window */
    gsize pushed;         /* grams that have been seen */
    guint64 sum;          /* the polynomial over the last gram seen */
    Gram *queue;          /* a ring: grams of the window that are lower than all behind them, by place */
    gsize head, held;
};

Anchors *anchors_new(unsigned window)
{
    g_return_val_if_fail(window >= 2, NULL);
    Anchors *anchors = g_new0(Anchors, 1);
    anchors->window = window;
    anchors->gram = window / 2;
    anchors->grams = window - anchors->gram + 1;
    anchors->leaving = 1;
    for (unsigned i = 0; i < anchors->gram; i++)
        anchors->leaving *= MULTIPLIER;
    anchors->folded = folded_text_new();
    anchors->hasher = word_hasher_new();
    anchors->queue = g_new(Gram, anchors->grams + 1);
    return anchors;
}

void anchors_free(Anchors *anchors)
{
    if (!anchors)
        return;
    folded_text_free(anchors->folded);
    word_hasher_free(anchors->hasher);
    g_free(anchors->queue);
    g_free(anchors);
}

/* A bijection in which every bit of the sum reaches every bit of the result (the finaliser of MurmurHash3). */
static inline guint64 mix(guint64 sum)
{
    sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdu;
    sum = (sum ^ (sum >> 33)) * 0xc4ceb9fe1a85ec53u;
    return sum ^ (sum >> 33);
}

void anchors_set(Anchors *anchors, const char *text, gsize length)
{
    folded_text_set(anchors->folded, text, length);
    anchors->words = word_hasher_run(anchors->hasher, anchors->folded, &anchors->count);
    anchors->next = anchors->pushed = anchors->head = anchors->held = 0;
    anchors->sum = 0;
    for (gsize i = 0; i + 1 < anchors->gram && i < anchors->count; i++)
        anchors->sum = anchors->sum * MULTIPLIER + anchors->words[i];
}

gsize anchors_words(const Anchors *anchors)
{
    return anchors->count;
}

Hash128 anchors_window(const Anchors *anchors, gsize first)
{
    return hash128(anchors->words + first, anchors->window * sizeof anchors->words[0]);
}

static inline Gram *queue_at(Anchors *anchors, gsize place)
{
    gsize at = anchors->head + place;
    return &anchors->queue[at > anchors->grams ? at - anchors->grams - 1 : at];
}

/* What is not lower than the new gram can be no anchor any more. */
static void push(Anchors *anchors)
{
    gsize place = anchors->pushed++, last = place + anchors->gram - 1;
    guint64 left = place > 0 ? anchors->words[place - 1] : 0;
    anchors->sum = anchors->sum * MULTIPLIER + anchors->words[last] - left * anchors->leaving;
    guint64 hash = mix(anchors->sum);
    while (anchors->held > 0 && queue_at(anchors, anchors->held - 1)->hash >= hash)
        anchors->held--;
    *queue_at(anchors, anchors->held++) = (Gram){hash, place};
}

static Gram anchor_of(Anchors *anchors, gsize window)
{
    while (anchors->pushed < window + anchors->grams)
        push(anchors);
    while (queue_at(anchors, 0)->place < window) {
        anchors->head = anchors->head == anchors->grams ? 0 : anchors->head + 1;
        anchors->held--;
    }
    return *queue_at(anchors, 0);
}

gboolean anchors_next(Anchors *anchors, AnchorRun *run)
{
    gsize windows = anchors->count < anchors->window ? 0 : anchors->count - anchors->window + 1;
    if (anchors->next >= windows)
        return FALSE;
    Gram anchor = anchor_of(anchors, anchors->next);
    *run = (AnchorRun){.hash = anchor.hash, .first = anchors->next};
    do
        anchors->next++;
    while (anchors->next < windows && anchor_of(anchors, anchors->next).place == anchor.place);
    run->count = anchors->next - run->first;
    return TRUE;
}
