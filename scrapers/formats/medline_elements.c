/* SPDX-License-Identifier: Apache-2.0
 * The names as a vocabulary for the tape; see medline_elements.h. */
#include "scrapers/formats/medline_elements.h"

#define READ(name) {#name, TAPE_READ},
#define SKIPPED(name) {#name, TAPE_SKIPPED},
#define OPAQUE(name) {#name, TAPE_OPAQUE},

const TapeName medline_vocabulary[MEDLINE_NAMES] = {MEDLINE_ELEMENTS(READ, SKIPPED, OPAQUE)};
