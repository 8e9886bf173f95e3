/* SPDX-License-Identifier: Apache-2.0
 * train/real.h - the number type of the model.
 *
 * float32 in the program. The tests compile the model and its operations a second time with TRAIN_FLOAT64, because
 * central differences show a wrong gradient at a relative 1e-6 only in double precision.
 */
#ifndef TRAIN_REAL_H
#define TRAIN_REAL_H

#ifdef TRAIN_FLOAT64
typedef double real;
#define REAL_DTYPE "F64" /* as safetensors names it */
#else
typedef float real;
#define REAL_DTYPE "F32"
#endif

#endif
