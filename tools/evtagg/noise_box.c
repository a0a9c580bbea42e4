/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes around noise. See noise_box.h. */
#include "common/hash.h"
#include "noise_box.h"
#include "template.h"

#define MAX_PATTERNS 4000    /* of a rule, the most frequent */
#define MAX_PAIRS (1u << 20) /* of a rule */
#define MAX_SET 64	     /* values of a field in one exception */
#define MAX_FRAMES 8	     /* alternatives of a regular expression */
#define MAX_BOXES 64	     /* of a rule */
#define MIN_BURST 8	     /* alerts; fewer are together by chance */
#define SLOTS (NOISE_SLOTS / 2)

/* Two values that came together: how often, and when. */
struct pair {
	uint64_t key;
	uint64_t count;
	uint32_t slots[SLOTS];
	bool used;
	bool marked;
};

struct finder {
	struct noise *noise;
	const struct box_options *options;
	const struct noise_rule *rule;
	struct pair *pairs;
	uint32_t n_pairs, size;
	uint32_t n_patterns; /* of the rule's, that are looked at */
	bool *taken;	     /* by pattern */
	bool *benign;
	uint32_t first_slot, n_slots; /* of the time line, folded */
};

/* ---- pairs ------------------------------------------------------------------------- */

/* Absent and any are values of a field as well. */
static uint64_t token(const struct finder *f, uint32_t field, uint32_t id)
{
	return id > NOISE_ANY ? id : (uint64_t)f->rule->n_values + field * 2 + id;
}

static struct pair *pair_at(const struct finder *f, uint64_t key)
{
	uint64_t at = hash_u64(key);

	while (f->pairs[at & (f->size - 1)].used && f->pairs[at & (f->size - 1)].key != key)
		at++;
	return &f->pairs[at & (f->size - 1)];
}

static int grow_pairs(struct finder *f)
{
	uint32_t size = f->size ? f->size * 2 : 4096, old_size = f->size;
	struct pair *old = f->pairs;

	if (f->n_pairs * 2 < f->size)
		return 0;
	f->pairs = calloc(size, sizeof(*f->pairs));
	if (!f->pairs) {
		f->pairs = old;
		return -ENOMEM;
	}
	f->size = size;
	for (uint32_t i = 0; i < old_size; i++) {
		if (old[i].used)
			*pair_at(f, old[i].key) = old[i];
	}
	free(old);
	return 0;
}

static uint64_t pair_key(const struct finder *f, uint32_t a, uint32_t va, uint32_t b, uint32_t vb)
{
	uint64_t x = token(f, a, va), y = token(f, b, vb);

	return a < b ? x << 32 | y : y << 32 | x;
}

static int add_pairs(struct finder *f, const struct noise_pattern *p)
{
	for (uint32_t a = 0; a < f->rule->n_fields; a++) {
		for (uint32_t b = a; b < f->rule->n_fields; b++) {
			struct pair *pair;

			if (grow_pairs(f) < 0)
				return -ENOMEM;
			pair = pair_at(f, pair_key(f, a, p->values[a], b, p->values[b]));
			f->n_pairs += !pair->used;
			pair->used = true;
			pair->key = pair_key(f, a, p->values[a], b, p->values[b]);
			pair->count += p->count;
			pair->marked |= p->marked;
			for (uint32_t i = 0; i < NOISE_SLOTS; i++)
				pair->slots[i / 2] += p->slots[i];
		}
	}
	return 0;
}

/*
 * Often, in a third of the time line's slots at least and over half of it, the fullest
 * slot left aside: neither rare, nor new, nor no more than a burst. A burst beside what
 * is steady (an attack on a host that has noise as well) takes nothing from that.
 */
static bool established(const struct finder *f, uint32_t a, uint32_t va, uint32_t b, uint32_t vb)
{
	const struct pair *pair = pair_at(f, pair_key(f, a, va, b, vb));
	uint32_t filled = 0, most = 0, first = SLOTS, last = 0;

	if (!pair->used)
		return false;
	if (pair->marked)
		return true;
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (!pair->slots[i])
			continue;
		filled++;
		most = MAX(most, pair->slots[i]);
		first = MIN(first, i);
		last = i;
	}
	return pair->count >= f->options->min_count &&
	       pair->count - most + 1 >= f->options->min_count &&
	       filled >= MAX(4u, f->n_slots / 3) && 2 * (last - first + 1) >= f->n_slots;
}

/* Half of it and more came at once: something happened, whatever else is usual about it. */
static bool is_burst(const struct noise_pattern *p)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < NOISE_SLOTS; i++)
		most = MAX(most, p->slots[i]);
	return p->count >= MIN_BURST && (uint64_t)most * 2 > p->count;
}

static bool is_benign(const struct finder *f, const struct noise_pattern *p)
{
	if (!p->marked && is_burst(p))
		return false;
	for (uint32_t a = 0; a < f->rule->n_fields; a++) {
		for (uint32_t b = a; b < f->rule->n_fields; b++) {
			if (!established(f, a, p->values[a], b, p->values[b]))
				return false;
		}
	}
	return true;
}

/* ---- boxes ------------------------------------------------------------------------- */

static bool has(const struct box_set *set, uint32_t id)
{
	for (uint32_t i = 0; i < set->n; i++) {
		if (set->ids[i] == id)
			return true;
	}
	return false;
}

static bool contains(const struct finder *f, const struct box *box, const struct noise_pattern *p)
{
	for (uint32_t i = 0; i < f->rule->n_fields; i++) {
		if (!has(&box->sets[i], p->values[i]))
			return false;
	}
	return true;
}

/* Whether the field's set may have that value too, as an exception can be written. */
static bool fits(const struct finder *f, const struct box_set *set, uint32_t id)
{
	uint32_t frames = id > NOISE_ANY && f->rule->values[id].frame;

	if (id <= NOISE_ANY || set->ids[0] <= NOISE_ANY || set->n >= MAX_SET)
		return false;
	for (uint32_t i = 0; i < set->n; i++)
		frames += f->rule->values[set->ids[i]].frame;
	return !frames || set->n < MAX_FRAMES;
}

/* The value by itself, and with all that the other fields may be, were the pattern in the box. */
static bool goes_with(const struct finder *f, const struct box *box, const struct noise_pattern *p,
		      uint32_t field)
{
	if (!established(f, field, p->values[field], field, p->values[field]))
		return false;
	for (uint32_t i = 0; i < f->rule->n_fields; i++) {
		if (i == field)
			continue;
		for (uint32_t k = 0; k < box->sets[i].n; k++) {
			if (!established(f, field, p->values[field], i, box->sets[i].ids[k]))
				return false;
		}
	}
	return true;
}

static bool may_join(const struct finder *f, const struct box *box, const struct noise_pattern *p)
{
	for (uint32_t i = 0; i < f->rule->n_fields; i++) {
		if (has(&box->sets[i], p->values[i]))
			continue;
		if (!fits(f, &box->sets[i], p->values[i]) || !goes_with(f, box, p, i))
			return false;
	}
	return true;
}

static int join(const struct finder *f, struct box *box, const struct noise_pattern *p)
{
	for (uint32_t i = 0; i < f->rule->n_fields; i++) {
		struct box_set *set = &box->sets[i];

		if (has(set, p->values[i]))
			continue;
		if (GROW(set->ids, set->n, set->capacity) < 0)
			return -ENOMEM;
		set->ids[set->n++] = p->values[i];
	}
	return 0;
}

/* Counts what nobody has yet, and takes it. */
static void claim(struct finder *f, struct box *box)
{
	uint32_t slots[NOISE_SLOTS] = {0};

	for (uint32_t i = 0; i < f->n_patterns; i++) {
		const struct noise_pattern *p = &f->rule->patterns[i];

		if (f->taken[i] || !contains(f, box, p))
			continue;
		f->taken[i] = true;
		box->count += p->count;
		box->n_patterns++;
		box->marked |= p->marked;
		if (p->first)
			box->first = box->first ? MIN(box->first, p->first) : p->first;
		box->last = MAX(box->last, p->last);
		for (uint32_t k = 0; k < NOISE_SLOTS; k++)
			slots[k] |= p->slots[k];
		if (box->n_samples < ARRAY_SIZE(box->samples))
			box->samples[box->n_samples++] = p->sample;
	}
	for (uint32_t k = 0; k < NOISE_SLOTS; k++)
		box->n_slots += slots[k] != 0;
}

static void box_fini(struct box *box)
{
	for (uint32_t i = 0; box->sets && i < box->rule->n_fields; i++)
		free(box->sets[i].ids);
	free(box->sets);
	free(box->checks);
	free(box->implied_by);
	memset(box, 0, sizeof(*box));
}

static int box_init(struct box *box, const struct noise_rule *rule)
{
	memset(box, 0, sizeof(*box));
	box->rule = rule;
	box->sets = calloc(rule->n_fields + 1, sizeof(*box->sets));
	box->checks = calloc(rule->n_fields + 1, sizeof(*box->checks));
	box->implied_by = calloc(rule->n_fields + 1, sizeof(*box->implied_by));
	return box->sets && box->checks && box->implied_by ? 0 : -ENOMEM;
}

/* ---- what is asked of each field ------------------------------------------------------ */

/* A field that says nothing once another one is asked for: its name, and that one's. */
static const char *const implications[][2] = {
	{"proc.name", "proc.exepath"},
	{"proc.exe", "proc.exepath"},
	{"proc.args", "proc.cmdline"},
	{"proc.exeline", "proc.cmdline"},
	{"proc.cmdnargs", "proc.cmdline"},
	{"proc.cmdlenargs", "proc.cmdline"},
	{"proc.pname", "proc.pexepath"},
	{"proc.pexe", "proc.pexepath"},
	{"user.uid", "user.name"},
	{"group.gid", "group.name"},
	{"user.homedir", "user.name"},
	{"user.shell", "user.name"},
	{"fd.directory", "fd.name"},
	{"fd.filename", "fd.name"},
	{"fd.nameraw", "fd.name"},
	{"fd.cip", "fd.name"},
	{"fd.sip", "fd.name"},
	{"fd.sport", "fd.name"},
	{"fd.l4proto", "fd.name"},
	{"fd.lport", "fd.name"},
	{"fd.rport", "fd.name"},
	{"fd.lip", "fd.name"},
	{"fd.rip", "fd.name"},
	{"container.id", "container.image.repository"},
};

static int find(const struct noise_rule *rule, const char *name)
{
	for (uint32_t i = 0; i < rule->n_fields; i++) {
		if (util_streq(rule->fields[i].name, name))
			return (int)i;
	}
	return -1;
}

static enum box_check check_of(const struct noise_rule *rule, const struct box_set *set)
{
	if (set->ids[0] <= NOISE_ANY)
		return set->ids[0] == NOISE_ABSENT ? BOX_ABSENT : BOX_ANY;
	for (uint32_t i = 0; i < set->n; i++) {
		if (rule->values[set->ids[i]].frame)
			return BOX_REGEX;
	}
	return set->n == 1 ? BOX_EQUAL : BOX_IN;
}

static void choose_checks(struct box *box)
{
	for (uint32_t i = 0; i < box->rule->n_fields; i++)
		box->checks[i] = check_of(box->rule, &box->sets[i]);
	for (uint32_t i = 0; i < ARRAY_SIZE(implications); i++) {
		int a = find(box->rule, implications[i][0]),
		    b = find(box->rule, implications[i][1]);

		if (a < 0 || b < 0 || box->checks[a] > BOX_REGEX || box->checks[b] > BOX_REGEX)
			continue;
		box->checks[a] = BOX_IMPLIED;
		box->implied_by[a] = implications[i][1];
	}
}

/* As the exception would: frames take what looks like them. */
static bool takes(const struct noise_rule *rule, const struct box_set *set, uint32_t id,
		  struct textbuf *frame)
{
	if (has(set, id))
		return true;
	if (id <= NOISE_ANY)
		return id == NOISE_ANY; /* it may be anything: to be on the safe side */
	template_of(rule->values[id].text, frame);
	for (uint32_t i = 0; i < set->n; i++) {
		const struct noise_value *v = &rule->values[set->ids[i]];

		if (v->frame && text_eq(v->text, (struct text){frame->p, (uint32_t)frame->len}))
			return true;
	}
	return false;
}

/* Whether the exception, which cannot ask for all that the box says, hides what it should not. */
static bool hides_others(struct finder *f, const struct box *box)
{
	const struct noise_rule *rule = f->rule;
	struct textbuf frame = {0};
	bool hides = false;

	for (uint32_t i = 0; i < rule->n_patterns && !hides; i++) {
		const struct noise_pattern *p = &rule->patterns[i];

		if (i < f->n_patterns && f->benign[i])
			continue;
		hides = true;
		for (uint32_t k = 0; k < rule->n_fields && hides; k++) {
			if (box->checks[k] <= BOX_REGEX)
				hides = takes(rule, &box->sets[k], p->values[k], &frame);
		}
	}
	textbuf_fini(&frame);
	return hides;
}

/* Asks for what another field says too, when that would be missed. Whether all is well. */
static bool is_safe(struct finder *f, struct box *box)
{
	if (!hides_others(f, box))
		return true;
	for (uint32_t i = 0; i < box->rule->n_fields; i++) {
		if (box->checks[i] == BOX_IMPLIED)
			box->checks[i] = check_of(box->rule, &box->sets[i]);
	}
	return !hides_others(f, box);
}

/* Somebody must be meant: a program by its path, or its name and parent, an image, a user. */
static bool has_identity(const struct box *box)
{
	static const char *const strong[] = {"proc.exepath",  "proc.exe",
					     "proc.pexepath", "container.image.repository",
					     "k8s.ns.name",   "ka.user.name"};
	uint32_t n = 0;
	int name = find(box->rule, "proc.name"), parent = find(box->rule, "proc.pname");

	for (uint32_t i = 0; i < ARRAY_SIZE(strong); i++) {
		int k = find(box->rule, strong[i]);

		if (k >= 0 && (box->checks[k] <= BOX_REGEX || box->checks[k] == BOX_IMPLIED))
			return true;
	}
	if (name >= 0)
		return box->checks[name] <= BOX_REGEX && parent >= 0 &&
		       box->checks[parent] <= BOX_REGEX;
	for (uint32_t i = 0; i < box->rule->n_fields; i++)
		n += box->checks[i] <= BOX_REGEX &&
		     strncmp(box->rule->fields[i].name, "evt.", 4) != 0;
	return n >= 2;
}

/* ---- a rule, all rules -------------------------------------------------------------------- */

static int grow_box(struct finder *f, uint32_t seed, struct boxes *boxes)
{
	const struct noise_pattern *patterns = f->rule->patterns;
	struct box box;
	int r = box_init(&box, f->rule);

	if (r == 0)
		r = join(f, &box, &patterns[seed]);
	for (uint32_t i = seed + 1; i < f->n_patterns && r == 0; i++) {
		if (f->benign[i] && !f->taken[i] && may_join(f, &box, &patterns[i]))
			r = join(f, &box, &patterns[i]);
	}
	if (r == 0) {
		claim(f, &box);
		choose_checks(&box);
	}
	if (r < 0 || box.count < f->options->least || !has_identity(&box) || !is_safe(f, &box)) {
		box_fini(&box);
		return r;
	}
	if (GROW(boxes->v, boxes->n, boxes->capacity) < 0) {
		box_fini(&box);
		return -ENOMEM;
	}
	boxes->v[boxes->n++] = box;
	return 1;
}

static int find_in_rule(struct finder *f, struct boxes *boxes)
{
	const struct noise_rule *rule = f->rule;
	uint32_t found = 0;
	int r = 0;

	f->n_patterns = 0;
	f->n_pairs = 0;
	for (uint32_t i = 0; i < MIN(rule->n_patterns, MAX_PATTERNS) && r == 0; i++) {
		if (f->n_pairs + NOISE_MAX_FIELDS * NOISE_MAX_FIELDS / 2 > MAX_PAIRS)
			break;
		r = add_pairs(f, &rule->patterns[i]);
		f->n_patterns++;
	}
	f->taken = calloc(f->n_patterns + 1, sizeof(bool));
	f->benign = calloc(f->n_patterns + 1, sizeof(bool));
	if (!f->taken || !f->benign)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_patterns; i++) {
		f->benign[i] = f->pairs && is_benign(f, &rule->patterns[i]);
		if (f->options->marked_only && !rule->patterns[i].marked)
			f->benign[i] = false;
	}
	for (uint32_t i = 0; i < f->n_patterns && r >= 0 && found < MAX_BOXES; i++) {
		if (!f->benign[i] || f->taken[i])
			continue;
		r = grow_box(f, i, boxes);
		found += r > 0;
	}
	return MIN(r, 0);
}

static void forget(struct finder *f)
{
	free(f->pairs);
	free(f->taken);
	free(f->benign);
	f->pairs = NULL;
	f->taken = f->benign = NULL;
	f->size = f->n_pairs = 0;
}

static int by_count(const void *a, const void *b)
{
	const struct box *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

int boxes_find(struct noise *noise, const struct box_options *options, struct boxes *ret_boxes)
{
	struct finder f = {.noise = noise, .options = options};
	struct boxes boxes = {0};
	int r = 0;

	f.n_slots = (noise_n_slots(noise) + 1) / 2;
	for (uint32_t i = 0; i < noise->n_rules && r == 0; i++) {
		f.rule = &noise->rules[i];
		if (box_protected(f.rule, options) || !f.rule->n_fields)
			continue;
		r = find_in_rule(&f, &boxes);
		forget(&f);
	}
	if (r < 0) {
		boxes_fini(&boxes);
		return r;
	}
	if (boxes.n)
		qsort(boxes.v, boxes.n, sizeof(*boxes.v), by_count);
	while (boxes.n > options->max)
		box_fini(&boxes.v[--boxes.n]);
	*ret_boxes = boxes;
	return 0;
}

void boxes_fini(struct boxes *boxes)
{
	for (uint32_t i = 0; i < boxes->n; i++)
		box_fini(&boxes->v[i]);
	free(boxes->v);
	memset(boxes, 0, sizeof(*boxes));
}
