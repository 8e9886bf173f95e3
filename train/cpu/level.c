/* SPDX-License-Identifier: Apache-2.0
 * The operations of one level of processors: compiled once for each; see train/cpu/level.h. */
#include "train/cpu/cpu.h"

void CPU_AT_LEVEL(cpu_fill)(Backend *backend)
{
    CPU_AT_LEVEL(cpu_adamw)(backend);
    CPU_AT_LEVEL(cpu_attention)(backend);
    CPU_AT_LEVEL(cpu_cross_entropy)(backend);
    CPU_AT_LEVEL(cpu_embedding)(backend);
    CPU_AT_LEVEL(cpu_linear)(backend);
    CPU_AT_LEVEL(cpu_reduce)(backend);
    CPU_AT_LEVEL(cpu_rmsnorm)(backend);
    CPU_AT_LEVEL(cpu_rope)(backend);
    CPU_AT_LEVEL(cpu_swiglu)(backend);
}
