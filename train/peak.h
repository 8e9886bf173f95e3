/* SPDX-License-Identifier: Apache-2.0
 * train/peak.h - what a backend can do, measured: for the MFU of a run whose configuration does not say it.
 *
 * The best of a few products of matrices of 1024 by 1024, on all threads of the backend. That is what products attain here and
 * now, less than the processor's data sheet promises, and it differs by a few percent from run to run. Takes the time of ten such
 * products, a fifth of a second on one core of a server; on a slow machine of fewer, half a second and what the last of them takes.
 */
#ifndef TRAIN_PEAK_H
#define TRAIN_PEAK_H

#include "train/ops.h"

/* Operations a second, in 1e12; 0 where there is no memory for the matrices. */
double peak_measure(Backend *backend);

#endif
