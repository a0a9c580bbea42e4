// SPDX-License-Identifier: Apache-2.0
/*
 * What the probe has lost since it was last asked. The probe only counts, by what
 * rests on the event and by process; so nothing is reset, and nothing races: a
 * count that differs from the one that was seen before is a loss to be told.
 */
#include "engine_ebpf.h"

static void look_who(const volatile struct probe_cpu *c, struct ebpf_told *told, uint32_t group,
		     struct saker_loss *loss)
{
	for (uint32_t i = 0; i <= PROBE_LOST_SLOTS; i++) {
		uint32_t n = c->lost_by[group][i];

		if (n == told->lost_by[group][i])
			continue;
		told->lost_by[group][i] = n;
		if (i == PROBE_LOST_SLOTS)
			loss->who_known = false;
		else
			loss->who[group][i / 64] |= UINT64_C(1) << (i % 64);
	}
}

bool ebpf_loss_look(const struct ebpf_probe *probe, struct ebpf_told *told, struct saker_loss *loss)
{
	bool any = false;

	loss->who_known = true;
	for (uint32_t cpu = 0; cpu < probe->n_cpus; cpu++) {
		const volatile struct probe_cpu *c = &probe->cpus[cpu];
		bool births = false;

		for (uint32_t group = 0; group <= PROBE_DOUBTS; group++) {
			uint64_t n = c->lost[group];

			if (likely(n == told[cpu].lost[group]))
				continue;
			loss->n[group] += n - told[cpu].lost[group];
			told[cpu].lost[group] = n;
			any = true;
			/* Counted in this order by the probe: there is somebody to find. */
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (group == SAKER_LOSS_PROCESS)
				births = true;
			if (group < PROBE_DOUBTS)
				look_who(c, &told[cpu], group, loss);
		}
		/* A thread's leaves more of its process in doubt. */
		for (uint32_t group = 0; births && group < PROBE_DOUBTS; group++)
			look_who(c, &told[cpu], group, loss);
	}
	return any;
}
