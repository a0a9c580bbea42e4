/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of alerts, counted. See noise.h. */
#include <ctype.h>

#include "common/hash.h"
#include "noise.h"
#include "template.h"

#define MAX_PATTERNS (1u << 20) /* of all rules; memory ends it before, as a rule */
#define MAX_VALUE 4096		/* bytes; a longer one is "any" */
#define SAMPLE_LEN 300

/*
 * A value, or a frame, or what is counted of a field in a context: all by key, in one
 * table. A value's frame is the cell of its frame in the same context.
 */
struct cell {
	uint64_t hash; /* of context, field, kind and text */
	uint32_t field;
	uint32_t frame;	   /* a value's: cell + 1; 0 = it has none */
	uint32_t place;	   /* the cell that counts the field's values there */
	uint32_t distinct; /* a frame's: of its values; a place's: of frames and plain values */
	uint64_t count;	   /* of alerts, in the end; a frame's: of its values together */
	uint64_t most;	   /* a frame's: of its most frequent value */
	uint8_t kind;	   /* 'v', 'f', 'p' */
	struct text text;
};

/* As it was counted: cells, which turn out to be frames or any in the end. */
struct raw_pattern {
	uint64_t hash;
	uint64_t count;
	uint64_t first, last;
	uint32_t *cells; /* cell + 1 by field; 0 = absent; n of them, later fields are absent */
	uint32_t n;
	uint32_t slots[NOISE_SLOTS];
	const char *sample;
};

/* ---- fields ------------------------------------------------------------------------ */

#define UNUSABLE UINT32_MAX

static int reject(struct noise *n, struct noise_rule *rule, struct text name)
{
	char *copy;

	if (rule->n_keys == NOISE_MAX_KEYS)
		return 0;
	copy = arena_strndup(&n->arena, name.p, name.len);
	if (!copy)
		return -ENOMEM;
	rule->keys[rule->n_keys++] = (struct text){copy, name.len};
	return 0;
}

/* hint: where the last alert had it. The index, UNUSABLE. */
static int find_field(struct noise *n, struct noise_rule *rule, struct text name, uint32_t hint,
		      bool syscall, uint32_t *ret)
{
	enum noise_type type;
	char *copy;

	if (hint < rule->n_fields && text_is(name, rule->fields[hint].name)) {
		*ret = hint;
		return 0;
	}
	for (uint32_t i = 0; i < rule->n_fields; i++) {
		if (text_is(name, rule->fields[i].name)) {
			*ret = i;
			return 0;
		}
	}
	*ret = UNUSABLE;
	for (uint32_t i = 0; i < rule->n_keys; i++) {
		if (text_eq(name, rule->keys[i]))
			return 0;
	}
	if (rule->n_fields == NOISE_MAX_FIELDS ||
	    (!text_is(name, "evt.hostname") && !noise_usable(name, syscall, &type)))
		return reject(n, rule, name);
	if (text_is(name, "evt.hostname"))
		type = NOISE_TEXT;
	copy = arena_strndup(&n->arena, name.p, name.len);
	if (!copy)
		return -ENOMEM;
	rule->fields[rule->n_fields] = (struct noise_field){copy, type};
	*ret = rule->n_fields++;
	return 0;
}

static int find_rule(struct noise *n, struct text name, struct noise_rule **ret)
{
	struct noise_rule rule = {.priority = PRIORITY_UNKNOWN};

	*ret = NULL;
	if (n->last_rule < n->n_rules && text_is(name, n->rules[n->last_rule].name)) {
		*ret = &n->rules[n->last_rule];
		return 0;
	}
	for (uint32_t i = 0; i < n->n_rules; i++) {
		if (text_is(name, n->rules[i].name)) {
			n->last_rule = i;
			*ret = &n->rules[i];
			return 0;
		}
	}
	if (n->n_rules == NOISE_MAX_RULES)
		return 0;
	if (GROW(n->rules, n->n_rules, n->cap_rules) < 0)
		return -ENOMEM;
	rule.name = arena_strndup(&n->arena, name.p, name.len);
	if (!rule.name)
		return -ENOMEM;
	n->last_rule = n->n_rules;
	n->rules[n->n_rules++] = rule;
	*ret = &n->rules[n->last_rule];
	return 0;
}

/* ---- cells --------------------------------------------------------------------------- */

static uint32_t *cell_slot(const struct noise *n, uint64_t hash, uint8_t kind, struct text t)
{
	for (uint64_t i = hash;; i++) {
		uint32_t *slot = &n->cell_table[i & (n->cell_table_size - 1)];
		const struct cell *c = *slot ? &n->cells[*slot - 1] : NULL;

		if (!c || (c->hash == hash && c->kind == kind && text_eq(c->text, t)))
			return slot;
	}
}

static int grow_cells(struct noise *n)
{
	uint32_t size = n->cell_table_size ? n->cell_table_size * 2 : 4096;
	uint32_t *old = n->cell_table;

	if ((uint64_t)n->n_cells * 2 < n->cell_table_size)
		return 0;
	n->cell_table = calloc(size, sizeof(*n->cell_table));
	if (!n->cell_table) {
		n->cell_table = old;
		return -ENOMEM;
	}
	n->cell_table_size = size;
	for (uint32_t i = 0; i < n->n_cells; i++)
		*cell_slot(n, n->cells[i].hash, n->cells[i].kind, n->cells[i].text) = i + 1;
	free(old);
	return 0;
}

/* Finds it, or adds it; *ret_new tells. */
static int cell_of(struct noise *n, uint64_t context, uint32_t field, uint8_t kind, struct text t,
		   uint32_t *ret, bool *ret_new)
{
	uint64_t hash = hash_bytes(t.p, t.len, context + field * 4 + kind);
	struct cell cell = {.hash = hash, .field = field, .kind = kind};
	uint32_t *slot;
	int r = grow_cells(n);

	if (r < 0)
		return r;
	slot = cell_slot(n, hash, kind, t);
	*ret_new = !*slot;
	if (!*slot) {
		if (GROW(n->cells, n->n_cells, n->cap_cells) < 0)
			return -ENOMEM;
		cell.text = (struct text){arena_strndup(&n->arena, t.p, t.len), t.len};
		if (!cell.text.p)
			return -ENOMEM;
		n->cells[n->n_cells] = cell;
		*slot = ++n->n_cells;
	}
	*ret = *slot - 1;
	return 0;
}

/* Another thing that the field can be there. */
static int new_place(struct noise *n, uint64_t context, uint32_t field, uint32_t cell)
{
	uint32_t place;
	bool new;
	int r = cell_of(n, context, field, 'p', TEXT(""), &place, &new);

	if (r < 0)
		return r;
	n->cells[place].distinct++;
	n->cells[cell].place = place;
	return 0;
}

/* Once a frame has many values, or a field, new ones are not kept: ret is the frame, any. */
static int value_cell(struct noise *n, uint64_t context, uint32_t field, enum noise_type type,
		      struct text t, uint32_t *ret)
{
	uint64_t hash = hash_bytes(t.p, t.len, context + field * 4 + 'v');
	uint32_t *slot, frame, place;
	bool varies, new;
	int r = grow_cells(n);

	if (r < 0)
		return r;
	slot = cell_slot(n, hash, 'v', t);
	if (*slot) {
		*ret = *slot - 1;
		return 0;
	}
	varies = type == NOISE_TEXT && template_of(t, &n->frame);
	if (n->frame.failed)
		return -ENOMEM;
	if (varies) {
		r = cell_of(n, context, field, 'f',
			    (struct text){n->frame.p, (uint32_t)n->frame.len}, &frame, &new);
		if (r == 0 && new)
			r = new_place(n, context, field, frame);
		if (r < 0)
			return r;
		if (n->cells[frame].distinct >= NOISE_MIN_FRAME) {
			n->cells[frame].distinct++;
			*ret = frame;
			return 0;
		}
		n->cells[frame].distinct++;
	} else {
		r = cell_of(n, context, field, 'p', TEXT(""), &place, &new);
		if (r < 0)
			return r;
		if (n->cells[place].distinct > NOISE_MAX_VALUES) {
			*ret = place;
			return 0;
		}
	}
	r = cell_of(n, context, field, 'v', t, ret, &new);
	if (r == 0 && varies)
		n->cells[*ret].frame = frame + 1;
	else if (r == 0)
		r = new_place(n, context, field, *ret);
	if (r == 0 && varies)
		n->cells[*ret].place = n->cells[frame].place;
	return r;
}

/* ---- the time line ------------------------------------------------------------------- */

static void fold(uint32_t *slots, uint32_t shift)
{
	/* shift: the old first slot is odd in the new width, so that it joins nothing on its left
	 */
	uint32_t out[NOISE_SLOTS] = {0};

	for (uint32_t i = 0; i < NOISE_SLOTS; i++) {
		uint32_t to = (i + shift) / 2;

		out[MIN(to, NOISE_SLOTS - 1u)] += slots[i];
	}
	memcpy(slots, out, sizeof(out));
}

static void fold_all(struct noise *n)
{
	uint32_t shift = (uint32_t)(n->slot_start / n->slot_width & 1);

	for (uint32_t i = 0; i < n->n_rules; i++) {
		for (uint32_t k = 0; k < n->rules[i].n_raws; k++)
			fold(n->rules[i].raws[k].slots, shift);
	}
	n->slot_width *= 2;
	n->slot_start -= n->slot_start % n->slot_width;
}

static void move_all(struct noise *n, uint32_t by)
{
	for (uint32_t i = 0; i < n->n_rules; i++) {
		for (uint32_t k = 0; k < n->rules[i].n_raws; k++) {
			uint32_t *slots = n->rules[i].raws[k].slots;

			memmove(slots + by, slots, (NOISE_SLOTS - by) * sizeof(*slots));
			memset(slots, 0, by * sizeof(*slots));
		}
	}
	n->slot_start -= by * n->slot_width;
}

/* The time's slot; all patterns are moved when it lies outside. */
static uint32_t slot_for(struct noise *n, uint64_t time)
{
	uint64_t last;

	if (!n->any_time) {
		n->any_time = true;
		n->slot_width = NS_PER_S;
		n->slot_start = time - time % n->slot_width;
		n->first = n->last = time;
	}
	n->first = MIN(n->first, time);
	n->last = MAX(n->last, time);
	for (;;) {
		/* Room for what is known, from the earliest to the latest. */
		uint64_t start = MIN(n->slot_start, n->first - n->first % n->slot_width);

		last = (n->last - start) / n->slot_width;
		if (last < NOISE_SLOTS) {
			if (start < n->slot_start)
				move_all(n, (uint32_t)((n->slot_start - start) / n->slot_width));
			return (uint32_t)((time - n->slot_start) / n->slot_width);
		}
		fold_all(n);
	}
}

uint32_t noise_n_slots(const struct noise *noise)
{
	return noise->any_time ? (uint32_t)((noise->last - noise->slot_start) / noise->slot_width) -
					 (uint32_t)((noise->first - noise->slot_start) /
						    noise->slot_width) +
					 1
			       : 0;
}

/* ---- an alert ------------------------------------------------------------------------- */

static int grow_patterns(struct noise_rule *rule)
{
	uint32_t size = rule->table_size ? rule->table_size * 2 : 256;
	uint32_t *table;

	if ((uint64_t)rule->n_raws * 2 < rule->table_size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < rule->n_raws; i++) {
		uint64_t at = rule->raws[i].hash;

		while (table[at & (size - 1)])
			at++;
		table[at & (size - 1)] = i + 1;
	}
	free(rule->table);
	rule->table = table;
	rule->table_size = size;
	return 0;
}

static size_t memory_of(const struct noise *n)
{
	size_t sum = n->arena.total + n->cap_cells * sizeof(struct cell) +
		     n->cell_table_size * sizeof(uint32_t);

	for (uint32_t i = 0; i < n->n_rules; i++)
		sum += n->rules[i].cap_raws * sizeof(struct raw_pattern) +
		       n->rules[i].table_size * sizeof(uint32_t);
	return sum;
}

static const char *copy_output(struct noise *n, const struct record *record)
{
	const struct saker_json_slice *s = &record->alert->output;
	char text[SAMPLE_LEN];
	size_t len;

	if (s->kind != SAKER_JSON_STRING)
		return "";
	len = MIN(saker_json_unescape(s, text, sizeof(text)), sizeof(text));
	return arena_strndup(&n->arena, text, len);
}

static int find_pattern(struct noise *n, struct noise_rule *rule, const uint32_t *cells,
			uint32_t n_cells, const struct record *record, struct raw_pattern **ret)
{
	uint64_t hash = hash_bytes(cells, n_cells * sizeof(*cells), 7);
	struct raw_pattern p = {.hash = hash, .n = n_cells};
	int r = grow_patterns(rule);
	uint64_t at = hash;

	if (r < 0)
		return r;
	for (; rule->table[at & (rule->table_size - 1)]; at++) {
		struct raw_pattern *q = &rule->raws[rule->table[at & (rule->table_size - 1)] - 1];

		if (q->hash == hash && q->n == n_cells &&
		    memcmp(q->cells, cells, n_cells * sizeof(*cells)) == 0) {
			*ret = q;
			return 0;
		}
	}
	*ret = NULL;
	if (rule->n_raws >= MAX_PATTERNS || memory_of(n) > n->memory_max)
		return 0;
	if (GROW(rule->raws, rule->n_raws, rule->cap_raws) < 0)
		return -ENOMEM;
	p.cells = arena_alloc(&n->arena, (n_cells + 1) * sizeof(*cells));
	p.sample = copy_output(n, record);
	if (!p.cells || !p.sample)
		return -ENOMEM;
	memcpy(p.cells, cells, n_cells * sizeof(*cells));
	rule->raws[rule->n_raws] = p;
	rule->table[at & (rule->table_size - 1)] = ++rule->n_raws;
	*ret = &rule->raws[rule->n_raws - 1];
	return 0;
}

/* The values of this alert, by field. */
struct seen {
	struct saker_json_slice v[NOISE_MAX_FIELDS];
	uint64_t context;
};

/* An empty text says nothing either: it is what the image of a program on the host is. */
static bool absent(const struct saker_json_slice *s)
{
	return s->kind == SAKER_JSON_NONE || s->kind == SAKER_JSON_NULL ||
	       s->kind == SAKER_JSON_OBJECT || s->kind == SAKER_JSON_ARRAY ||
	       (s->kind == SAKER_JSON_STRING &&
		(!s->len || (s->len == 4 && memcmp(s->text, "<NA>", 4) == 0)));
}

/* The program and the image, as far as the alert tells them. */
static uint64_t context_of(const struct noise *n, const struct noise_rule *rule,
			   const struct seen *seen)
{
	uint64_t context = hash_u64((uint64_t)(rule - n->rules) + 1), exe = 0, name = 0;

	for (uint32_t i = 0; i < rule->n_fields; i++) {
		const struct saker_json_slice *s = &seen->v[i];
		const char *field = rule->fields[i].name;

		if (absent(s))
			continue;
		if (util_streq(field, "proc.exepath"))
			exe = hash_bytes(s->text, s->len, 1);
		else if (util_streq(field, "proc.name"))
			name = hash_bytes(s->text, s->len, 2);
		else if (util_streq(field, "container.image.repository"))
			context ^= hash_bytes(s->text, s->len, 3);
	}
	return context ^ (exe ? exe : name);
}

static int read_fields(struct noise *n, struct noise_rule *rule, const struct record *record,
		       struct seen *seen)
{
	const struct saker_json_slice *source = &record->alert->source;
	bool syscall = source->kind != SAKER_JSON_STRING ||
		       text_is((struct text){source->text, source->len}, "syscall");
	struct saker_json_slice key, value;
	struct saker_json_iter iter;
	uint32_t hint = 0, field;
	int r = 0;

	memset(seen->v, 0, sizeof(seen->v));
	if (record->host.len && !n->any_host) {
		r = find_field(n, rule, TEXT("evt.hostname"), 0, true, &field);
		if (r == 0 && field != UNUSABLE)
			seen->v[field] = (struct saker_json_slice){record->host.p, record->host.len,
								   SAKER_JSON_STRING, 0};
	}
	saker_json_iter_init(&iter, &record->alert->output_fields);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value)) {
		struct text name = {key.text, key.len};

		if (key.escaped || (name.len == 12 && text_is(name, "evt.hostname")))
			continue;
		r = find_field(n, rule, name, ++hint, syscall, &field);
		if (r == 0 && field != UNUSABLE) {
			seen->v[field] = value;
			hint = field;
		}
	}
	return r;
}

static int text_for(struct noise *n, const struct saker_json_slice *s, struct text *ret)
{
	size_t len;

	*ret = (struct text){s->text, s->len};
	if (!s->escaped)
		return 0;
	n->text.len = 0;
	textbuf_put(&n->text, s->text, 3 * (size_t)s->len); /* room */
	if (n->text.failed)
		return -ENOMEM;
	len = saker_json_unescape(s, n->text.p, 3 * (size_t)s->len);
	*ret = (struct text){n->text.p, (uint32_t)len};
	return 0;
}

/* The bytes of a well-formed character of UTF-8; 0 = it is none. */
static uint32_t utf8_len(const unsigned char *p, uint32_t left)
{
	uint32_t n = *p < 0x80	 ? 1
		     : *p < 0xc2 ? 0
		     : *p < 0xe0 ? 2
		     : *p < 0xf0 ? 3
		     : *p < 0xf5 ? 4
				 : 0;

	if (n > left || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	for (uint32_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/*
 * Whether a rule file can hold it, so that it is compared as it was: text without what
 * YAML takes for an end of line or refuses, and without U+FFFD, which stands for bytes
 * that are no text.
 */
static bool writable(struct text t)
{
	const unsigned char *p = (const unsigned char *)t.p;

	for (uint32_t i = 0, n; i < t.len; i += n) {
		n = p[i] == 0x7f ? 0 : utf8_len(p + i, t.len - i);
		if (!n || (n == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0) ||
		    (n == 3 &&
		     (!memcmp(p + i, "\xe2\x80\xa8", 3) || !memcmp(p + i, "\xe2\x80\xa9", 3) ||
		      !memcmp(p + i, "\xef\xbf\xbd", 3) || !memcmp(p + i, "\xef\xbb\xbf", 3) ||
		      p[i] == 0xee || !memcmp(p + i, "\xef\xbf\xbe", 3) ||
		      !memcmp(p + i, "\xef\xbf\xbf", 3))))
			return false;
	}
	return t.len > 0;
}

/* A container's id is new with each: it says that there is one, or "host". */
static bool is_instance(const struct noise_rule *rule, uint32_t field, struct text t)
{
	return util_streq(rule->fields[field].name, "container.id") && !text_is(t, "host");
}

/* A frame from the first one on. */
static int instance_cell(struct noise *n, uint64_t context, uint32_t field, uint32_t *ret)
{
	bool new;
	int r = cell_of(n, context, field, 'f', TEXT(TEMPLATE_HEX), ret, &new);

	return r == 0 && new ? new_place(n, context, field, *ret) : r;
}

static int find_cells(struct noise *n, const struct noise_rule *rule, const struct seen *seen,
		      uint32_t *cells)
{
	for (uint32_t i = 0; i < rule->n_fields; i++) {
		const struct saker_json_slice *s = &seen->v[i];
		struct text t;
		uint32_t cell;
		bool new;
		int r;

		cells[i] = 0;
		if (absent(s))
			continue;
		r = text_for(n, s, &t);
		if (r == 0 && is_instance(rule, i, t))
			r = instance_cell(n, seen->context, i, &cell);
		else if (r == 0 && !writable(t))
			r = -EILSEQ;
		else if (r == 0 && t.len > MAX_VALUE)
			r = cell_of(n, seen->context, i, 'p', TEXT(""), &cell, &new);
		else if (r == 0)
			r = value_cell(n, seen->context, i, rule->fields[i].type, t, &cell);
		if (r < 0)
			return r;
		cells[i] = cell + 1;
	}
	return 0;
}

int noise_add(void *userdata, const struct record *record)
{
	const struct saker_json_slice *name = &record->alert->rule;
	uint32_t cells[NOISE_MAX_FIELDS], slot = 0, n_cells;
	struct noise *n = userdata;
	struct raw_pattern *p;
	struct noise_rule *rule;
	struct seen seen;
	struct text t;
	int r;

	n->alerts++;
	r = text_for(n, name, &t);
	if (r == 0)
		r = find_rule(n, t, &rule);
	if (r < 0)
		return r;
	if (!rule) {
		n->unnamed++;
		return 0;
	}
	rule->count++;
	rule->priority = MIN(rule->priority, record->priority);
	r = read_fields(n, rule, record, &seen);
	if (r < 0)
		return r;
	seen.context = context_of(n, rule, &seen);
	r = find_cells(n, rule, &seen, cells);
	if (r == -EILSEQ) { /* no exception can name it, and who writes so is worth a look */
		rule->too_varied++;
		return 0;
	}
	for (n_cells = rule->n_fields; n_cells && !cells[n_cells - 1]; n_cells--)
		;
	if (r == 0)
		r = find_pattern(n, rule, cells, n_cells, record, &p);
	if (r < 0)
		return r;
	if (!p) {
		rule->too_varied++;
		return 0;
	}
	p->count++;
	if (!record->time)
		return 0;
	slot = slot_for(n, record->time);
	p->slots[slot]++;
	p->first = p->first ? MIN(p->first, record->time) : record->time;
	p->last = MAX(p->last, record->time);
	return 0;
}

/* ---- in the end ------------------------------------------------------------------------ */

/* What a cell turned out to be: the value's id among the rule's. */
struct ids {
	uint32_t *of_cell; /* id + 1; by cell */
	uint32_t *table;
	uint32_t table_size;
	uint32_t cap_values;
};

static void count_cells(struct noise *n)
{
	for (uint32_t i = 0; i < n->n_rules; i++) {
		const struct noise_rule *rule = &n->rules[i];

		for (uint32_t k = 0; k < rule->n_raws; k++) {
			for (uint32_t f = 0; f < rule->raws[k].n; f++) {
				if (rule->raws[k].cells[f])
					n->cells[rule->raws[k].cells[f] - 1].count +=
						rule->raws[k].count;
			}
		}
	}
	for (uint32_t i = 0; i < n->n_cells; i++) {
		const struct cell *c = &n->cells[i];

		if (c->kind == 'v' && c->frame) {
			n->cells[c->frame - 1].count += c->count;
			n->cells[c->frame - 1].most = MAX(n->cells[c->frame - 1].most, c->count);
		}
	}
}

/* A frame stands for its values when there are many, and it is not mostly one of them. */
static bool carries(const struct cell *frame)
{
	return frame->distinct > NOISE_MIN_FRAME && frame->most * 2 <= frame->count;
}

static const struct cell *settle(const struct noise *n, uint32_t cell, bool *ret_any)
{
	const struct cell *c = &n->cells[cell];

	if (c->kind == 'v' && c->frame && carries(&n->cells[c->frame - 1]))
		c = &n->cells[c->frame - 1];
	/* A frame that stands for too little (one that has no values of its own is of ids). */
	*ret_any = c->kind == 'p' || (c->kind == 'f' && c->distinct && !carries(c)) ||
		   n->cells[c->place].distinct > NOISE_MAX_VALUES;
	return c;
}

/* What a field of numbers or addresses can be compared with; an alert may say anything. */
static bool is_number(const struct noise_rule *rule, const struct cell *c)
{
	struct text name = text_of(rule->fields[c->field].name);
	char check[64];

	if (!c->text.len || c->text.len > 48)
		return false;
	for (uint32_t i = 0; i < c->text.len; i++) {
		if (!isalnum((unsigned char)c->text.p[i]) && !memchr(".:-", c->text.p[i], 3))
			return false;
	}
	snprintf(check, sizeof(check), "= %.*s", (int)c->text.len, c->text.p);
	return noise_compiles(name, check);
}

static int value_id(struct noise *n, struct noise_rule *rule, struct ids *ids, uint32_t cell,
		    uint32_t *ret)
{
	bool any;
	const struct cell *c = settle(n, cell, &any);
	struct noise_value v = {c->field, c->kind == 'f', c->text};
	uint64_t at = hash_bytes(c->text.p, c->text.len, c->field * 2 + (c->kind == 'f'));

	if (any) {
		*ret = NOISE_ANY;
		return 0;
	}
	if (ids->of_cell[cell]) {
		*ret = ids->of_cell[cell] - 1;
		return 0;
	}
	if (rule->fields[c->field].type == NOISE_NUMBER && !is_number(rule, c)) {
		ids->of_cell[cell] = NOISE_ANY + 1;
		*ret = NOISE_ANY;
		return 0;
	}
	for (; ids->table[at & (ids->table_size - 1)]; at++) {
		uint32_t id = ids->table[at & (ids->table_size - 1)];
		const struct noise_value *o = &rule->values[id];

		if (o->field == v.field && o->frame == v.frame && text_eq(o->text, v.text))
			break;
	}
	if (!ids->table[at & (ids->table_size - 1)]) {
		if (GROW(rule->values, rule->n_values, ids->cap_values) < 0)
			return -ENOMEM;
		rule->values[rule->n_values] = v;
		ids->table[at & (ids->table_size - 1)] = rule->n_values++;
	}
	*ret = ids->table[at & (ids->table_size - 1)];
	ids->of_cell[cell] = *ret + 1;
	return 0;
}

static void add_pattern(struct noise_pattern *to, const struct raw_pattern *from)
{
	to->count += from->count;
	if (from->first)
		to->first = to->first ? MIN(to->first, from->first) : from->first;
	to->last = MAX(to->last, from->last);
	for (uint32_t i = 0; i < NOISE_SLOTS; i++)
		to->slots[i] += from->slots[i];
}

static int merge_pattern(struct noise *n, struct noise_rule *rule, const struct raw_pattern *raw,
			 struct ids *ids)
{
	uint32_t values[NOISE_MAX_FIELDS] = {0}, size = rule->table_size;
	struct noise_pattern *p;
	uint64_t at;
	int r = 0;

	for (uint32_t i = 0; i < raw->n && r == 0; i++) {
		if (raw->cells[i])
			r = value_id(n, rule, ids, raw->cells[i] - 1, &values[i]);
	}
	if (r < 0)
		return r;
	at = hash_bytes(values, rule->n_fields * sizeof(*values), 9);
	for (; rule->table[at & (size - 1)]; at++) {
		p = &rule->patterns[rule->table[at & (size - 1)] - 1];
		if (memcmp(p->values, values, rule->n_fields * sizeof(*values)) == 0) {
			add_pattern(p, raw);
			return 0;
		}
	}
	p = &rule->patterns[rule->n_patterns++];
	rule->table[at & (size - 1)] = rule->n_patterns;
	p->values = arena_alloc(&n->arena, (rule->n_fields + 1) * sizeof(*values));
	if (!p->values)
		return -ENOMEM;
	memcpy((uint32_t *)p->values, values, rule->n_fields * sizeof(*values));
	p->sample = raw->sample;
	add_pattern(p, raw);
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct noise_pattern *x = a, *y = b;

	return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
				    : strcmp(x->sample, y->sample);
}

static int finish_rule(struct noise *n, struct noise_rule *rule, struct ids *ids)
{
	int r = 0;

	if (!rule->n_raws)
		return 0;
	rule->patterns = calloc(rule->n_raws, sizeof(*rule->patterns));
	rule->values = calloc(16, sizeof(*rule->values));
	if (!rule->patterns || !rule->values)
		return -ENOMEM;
	rule->n_values = 2; /* absent, any */
	ids->cap_values = 16;
	memset(rule->table, 0, rule->table_size * sizeof(*rule->table));
	memset(ids->table, 0, ids->table_size * sizeof(*ids->table));
	for (uint32_t i = 0; i < rule->n_raws && r == 0; i++)
		r = merge_pattern(n, rule, &rule->raws[i], ids);
	free(rule->raws);
	free(rule->table);
	rule->raws = NULL;
	rule->table = NULL;
	rule->n_raws = rule->cap_raws = rule->table_size = 0;
	if (r == 0)
		qsort(rule->patterns, rule->n_patterns, sizeof(*rule->patterns), by_count);
	return r;
}

int noise_finish(struct noise *noise)
{
	struct ids ids = {.table_size = 16};
	int r = 0;

	while (ids.table_size < noise->n_cells * 2)
		ids.table_size *= 2;
	count_cells(noise);
	ids.of_cell = calloc(noise->n_cells + 1, sizeof(*ids.of_cell));
	ids.table = calloc(ids.table_size, sizeof(*ids.table));
	if (!ids.of_cell || !ids.table)
		r = -ENOMEM;
	for (uint32_t i = 0; i < noise->n_rules && r == 0; i++)
		r = finish_rule(noise, &noise->rules[i], &ids);
	free(ids.of_cell);
	free(ids.table);
	return r;
}

int noise_new(size_t memory_max, struct noise **ret_noise)
{
	struct noise *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	arena_init(&n->arena, 256 << 10);
	n->memory_max = memory_max;
	*ret_noise = n;
	return 0;
}

struct noise *noise_free(struct noise *noise)
{
	if (!noise)
		return NULL;
	for (uint32_t i = 0; i < noise->n_rules; i++) {
		free(noise->rules[i].raws);
		free(noise->rules[i].table);
		free(noise->rules[i].patterns);
		free(noise->rules[i].values);
	}
	free(noise->rules);
	free(noise->cells);
	free(noise->cell_table);
	textbuf_fini(&noise->frame);
	textbuf_fini(&noise->text);
	arena_fini(&noise->arena);
	free(noise);
	return NULL;
}
