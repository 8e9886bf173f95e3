/* SPDX-License-Identifier: Apache-2.0
 * store/split.h - which split a document belongs to: training, validation or test.
 *
 * A number in [0, 1) is drawn from the recipe's seed and from the document's source and id alone: below the source's share
 * `valid` the document is held out for validation, from 1 - `test` on for the test. So a document keeps its side whatever
 * other documents come or go, whatever the other split's share, and the documents of a smaller share are among those of a
 * larger one. All passes of a document are in one split. Of a cluster of duplicates only one document is kept (the ledger
 * merges the others), so no cluster is in two splits.
 */
#ifndef STORE_SPLIT_H
#define STORE_SPLIT_H

#include "store/recipe.h"

typedef enum { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST } Split;

#define SPLIT_COUNT 3
extern const char *const split_names[SPLIT_COUNT]; /* "train", "valid", "test": the order of packing */

Split split_of(const Recipe *recipe, const RecipeSource *source, const char *id);
/* FALSE: there is no split of that name. */
gboolean split_find(const char *name, Split *split);

/* Source and id as one number, for draws. */
guint64 document_draw_key(const char *source, const char *id);

#endif
