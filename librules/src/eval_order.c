/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a screen's steps, learnt from records: which of them rule out
 * what, nobody can guess from rules alone. Samples are few and soon far between,
 * so that they cost nothing to speak of.
 */
#include "eval.h"

#define ORDER_SAMPLES 16u
#define ORDER_FIRST 64u		 /* runs before the first sample */
#define ORDER_STRIDE 7u		 /* runs from one sample to the next */
#define ORDER_GAP 1024u		 /* runs until it is all done again, at first */
#define ORDER_GAP_MAX (1u << 20) /* and at last */

int rules_orders_init(struct rules_machine *machine)
{
	const struct rules_program *program = machine->program;
	size_t n_words = 0;
	uint64_t *samples;

	for (uint32_t i = 0; i < program->n_plans; i++)
		n_words += (size_t)program->plans[i].n_steps * program->plans[i].n_words;
	machine->orders = calloc(program->n_plans, sizeof(*machine->orders));
	machine->order_steps =
		calloc((size_t)program->n_screen_steps + 1, sizeof(*machine->order_steps));
	machine->order_samples =
		calloc(n_words * ORDER_SAMPLES + 1, sizeof(*machine->order_samples));
	if (!machine->orders || !machine->order_steps || !machine->order_samples)
		return -ENOMEM;
	if (program->n_screen_steps)
		memcpy(machine->order_steps, program->screen_steps,
		       program->n_screen_steps * sizeof(*machine->order_steps));
	samples = machine->order_samples;
	for (uint32_t i = 0; i < program->n_plans; i++) {
		const struct rules_plan *plan = &program->plans[i];

		machine->orders[i] = (struct rules_screen_order){
			.left = ORDER_FIRST,
			.gap = ORDER_GAP,
			.steps = machine->order_steps + plan->first_step,
			.samples = samples,
		};
		samples += (size_t)plan->n_steps * plan->n_words * ORDER_SAMPLES;
	}
	return 0;
}

void rules_orders_fini(struct rules_machine *machine)
{
	free(machine->orders);
	free(machine->order_steps);
	free(machine->order_samples);
}

struct order_choice {
	const struct rules_program *program;
	const struct rules_plan *plan;
	const uint64_t *samples;
	uint64_t alive[ORDER_SAMPLES][RULES_SCREEN_WORDS];
	uint64_t reads[RULES_SCREEN_STEPS]; /* per step: a bit for the field that it reads */
};

/* A field is read by the first step that needs it. */
static void order_fields(struct order_choice *choice)
{
	const struct rules_screen_step *steps =
		choice->program->screen_steps + choice->plan->first_step;

	for (uint32_t i = 0; i < choice->plan->n_steps; i++) {
		uint32_t first = 0;

		while (steps[i].term == RULES_NO_ID || steps[first].term != steps[i].term)
			if (++first >= i)
				break;
		choice->reads[i] = UINT64_C(1) << MIN(first, i);
	}
}

static uint32_t order_step_cost(const struct order_choice *choice, uint32_t step, uint64_t read)
{
	const struct rules_screen_step *s =
		&choice->program->screen_steps[choice->plan->first_step + step];

	return s->cost + (choice->reads[step] & read ? 0u : s->read);
}

static const uint64_t *order_out(const struct order_choice *choice, uint32_t sample, uint32_t step)
{
	const struct rules_plan *plan = choice->plan;

	return choice->samples + ((size_t)sample * plan->n_steps + step) * plan->n_words;
}

/* Whether the step has something to say about lanes that are left. */
static bool order_concerns(const struct order_choice *choice, const struct rules_screen_step *step,
			   const uint64_t *alive)
{
	const uint64_t *lanes = choice->program->lane_words + step->lanes;
	uint32_t n_words = choice->plan->n_words;
	uint64_t any = 0;

	for (uint32_t i = 0; i < n_words; i++) {
		any |= alive[i] & lanes[i];
		if (step->kind == RULES_SCREEN_NODE || step->kind == RULES_SCREEN_RANGE)
			any |= alive[i] & lanes[n_words + i];
	}
	return any;
}

/* Lanes that the step would rule out next, for what it would cost. */
static float order_worth(const struct order_choice *choice, uint32_t step, uint64_t read)
{
	const struct rules_screen_step *s =
		&choice->program->screen_steps[choice->plan->first_step + step];
	uint32_t gain = 0, runs = 0;

	for (uint32_t k = 0; k < ORDER_SAMPLES; k++) {
		const uint64_t *out = order_out(choice, k, step);

		for (uint32_t i = 0; i < choice->plan->n_words; i++)
			gain += (uint32_t)__builtin_popcountll(choice->alive[k][i] & out[i]);
		runs += order_concerns(choice, s, choice->alive[k]);
	}
	return gain ? (float)gain / (float)(runs * order_step_cost(choice, step, read)) : 0;
}

static void order_take(struct order_choice *choice, uint32_t step)
{
	for (uint32_t k = 0; k < ORDER_SAMPLES; k++) {
		const uint64_t *out = order_out(choice, k, step);

		for (uint32_t i = 0; i < choice->plan->n_words; i++)
			choice->alive[k][i] &= ~out[i];
	}
}

/* Again and again the best one next; those that rule out nothing stay in their old order, last. */
static void order_choose(struct order_choice *choice, uint8_t *order)
{
	uint64_t taken = 0, read = 0;

	for (uint32_t k = 0; k < ORDER_SAMPLES; k++)
		rules_screen_all(choice->plan, choice->alive[k]);
	for (uint32_t at = 0; at < choice->plan->n_steps; at++) {
		uint32_t best = RULES_NO_ID;
		float most = -1;

		for (uint32_t step = 0; step < choice->plan->n_steps; step++) {
			float worth;

			if (taken >> step & 1)
				continue;
			worth = order_worth(choice, step, read);
			if (worth > most) {
				most = worth;
				best = step;
			}
		}
		taken |= UINT64_C(1) << best;
		read |= choice->reads[best];
		order_take(choice, best);
		order[at] = (uint8_t)best;
	}
}

/* What the samples would have cost in this order. */
static uint32_t order_cost(const struct order_choice *choice, const uint8_t *order)
{
	const struct rules_plan *plan = choice->plan;
	uint32_t cost = 0;

	for (uint32_t k = 0; k < ORDER_SAMPLES; k++) {
		uint64_t alive[RULES_SCREEN_WORDS], left = 1, read = 0;

		rules_screen_all(plan, alive);
		for (uint32_t at = 0; at < plan->n_steps && left; at++) {
			const uint64_t *out = order_out(choice, k, order[at]);
			const struct rules_screen_step *step =
				&choice->program->screen_steps[plan->first_step + order[at]];

			if (!order_concerns(choice, step, alive))
				continue;
			cost += order_step_cost(choice, order[at], read);
			read |= choice->reads[order[at]];
			left = 0;
			for (uint32_t i = 0; i < plan->n_words; i++)
				left |= alive[i] &= ~out[i];
		}
	}
	return cost;
}

/* A cheap step that the others make up for is better last. */
static void order_improve(const struct order_choice *choice, uint8_t *order)
{
	uint32_t n = choice->plan->n_steps, cost = order_cost(choice, order);
	uint8_t other[RULES_SCREEN_STEPS];

	for (uint32_t at = 0; at + 1 < n;) {
		uint32_t other_cost;

		memcpy(other, order, n);
		memmove(other + at, other + at + 1, n - at - 1);
		other[n - 1] = order[at];
		other_cost = order_cost(choice, other);
		if (other_cost >= cost) {
			at++;
			continue;
		}
		memcpy(order, other, n);
		cost = other_cost;
	}
}

static void order_learn(struct rules_machine *machine, uint32_t id)
{
	const struct rules_plan *plan = &machine->program->plans[id];
	struct rules_screen_order *order = &machine->orders[id];
	struct order_choice choice = {machine->program, plan, order->samples};
	uint8_t steps[RULES_SCREEN_STEPS];

	order_fields(&choice);
	order_choose(&choice, steps);
	order_improve(&choice, steps);
	for (uint32_t i = 0; i < plan->n_steps; i++)
		order->steps[i] = machine->program->screen_steps[plan->first_step + steps[i]];
}

void rules_order_sample(struct rules_machine *machine, uint32_t id)
{
	const struct rules_plan *plan = &machine->program->plans[id];
	struct rules_screen_order *order = &machine->orders[id];
	uint64_t *out = order->samples + (size_t)order->n_samples * plan->n_steps * plan->n_words;

	for (uint32_t i = 0; i < plan->n_steps; i++, out += plan->n_words)
		rules_screen_step_out(machine, plan,
				      &machine->program->screen_steps[plan->first_step + i], out);
	order->left = ORDER_STRIDE;
	if (++order->n_samples < ORDER_SAMPLES)
		return;
	order_learn(machine, id);
	order->n_samples = 0;
	order->left = order->gap;
	order->gap = MIN(order->gap * 4, ORDER_GAP_MAX);
}
