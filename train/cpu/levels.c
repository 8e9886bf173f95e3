/* SPDX-License-Identifier: Apache-2.0
 * Which levels of processors there are, and which run here; see train/cpu/level.h. */
#include "train/cpu/level.h"

#include "config.h"

void cpu_fill_baseline(Backend *backend);
void cpu_fill_avx2(Backend *backend);
void cpu_fill_avx512(Backend *backend);

static gboolean always(void)
{
    return TRUE;
}

#ifdef CPU_LEVELS
/* What the level is compiled with, and no more: configure.ac. */
static gboolean has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static gboolean has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const CpuLevel levels[] = {
    {"baseline", always, cpu_fill_baseline},
#ifdef CPU_LEVELS
    {"avx2", has_avx2, cpu_fill_avx2},
    {"avx512", has_avx512, cpu_fill_avx512},
#endif
};

const CpuLevel *cpu_levels(gsize *count)
{
    *count = G_N_ELEMENTS(levels);
    return levels;
}
