/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread uses of the machine, as switch events tell, and procinfo events
 * in old captures. A switch ends its thread's turn on the CPU.
 */
#include "internal.h"

/* How long this turn took; 0 when the switch that began it was not seen. */
static uint64_t turn_end(struct saker_state *s, const struct saker_record *r)
{
	struct enrich_turn *turn;
	uint64_t ts = r->view.event->ts;
	uint64_t took = 0;

	if (r->cpu >= ENRICH_CPUS_MAX)
		return 0;
	turn = &s->turns[r->cpu];
	if (turn->begun && turn->begun <= ts && turn->tid == r->view.event->tid)
		took = ts - turn->begun;
	turn->begun = ts;
	turn->tid = enrich_param_u64(r, 0);
	return took;
}

static void on_switch(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	r->turn_ns = turn_end(s, r);
	if (!t)
		return;
	t->cpu_ns += r->turn_ns;
	if (!enrich_param(r, 5))
		return;
	t->pfmajor = enrich_param_u64(r, 1);
	t->pfminor = enrich_param_u64(r, 2);
	t = enrich_thread_leader(s, t);
	if (!enrich_thread_is_leader(t))
		return;
	t->vmsize_kb = enrich_param_u32(r, 3);
	t->vmrss_kb = enrich_param_u32(r, 4);
	t->vmswap_kb = enrich_param_u32(r, 5);
}

/* Percent of a second's ticks: those since the event before, 0 for the first. */
static uint8_t used_since(uint32_t before, uint32_t now)
{
	return before ? (uint8_t)MIN(now - before, 100u) : 0;
}

/* Old captures only: nobody is asked for threads then, so there is room for what it said. */
static void on_procinfo(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;
	uint32_t now[2] = {(uint32_t)enrich_param_u64(r, 0), (uint32_t)enrich_param_u64(r, 1)};

	memset(r->cpu_used, 0, sizeof(r->cpu_used));
	if (!t || s->refill)
		return;
	r->cpu_used[ENRICH_CPU_USER] = used_since(t->procinfo[0], now[0]);
	r->cpu_used[ENRICH_CPU_SYSTEM] = used_since(t->procinfo[1], now[1]);
	r->cpu_used[ENRICH_CPU_BOTH] = used_since(t->procinfo[0] + t->procinfo[1], now[0] + now[1]);
	t->procinfo[0] = now[0];
	t->procinfo[1] = now[1];
}

const struct enrich_handler enrich_handlers_sched[] = {
	{SAKER_EV_SCHEDSWITCH_6_E, on_switch},
	{SAKER_EV_PROCINFO_E, on_procinfo},
	{0, NULL},
};
