/* SPDX-License-Identifier: Apache-2.0
 * dedup/licence.h - whether a licence is open, as far as its name tells.
 *
 * Open is what the Open Definition 2.1 (opendefinition.org) calls so: the public domain, CC0, CC BY and CC BY-SA, the Open
 * Data Commons and Open Government licences, GFDL, and the common software licences. Closed is whatever forbids
 * commercial use or changed copies, or reserves all rights. The text may be any name that store/licence.h
 * knows, or the publisher's own words; case does not matter.
 */
#ifndef DEDUP_LICENCE_H
#define DEDUP_LICENCE_H

typedef enum { LICENCE_UNKNOWN, LICENCE_CLOSED, LICENCE_OPEN } LicenceOpenness;

LicenceOpenness licence_openness(const char *licence); /* NULL: unknown */

#endif
