/* SPDX-License-Identifier: Apache-2.0 */
/* Opening inputs by what they are called, and taking turns among them. */
#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>

#include "evtagg.h"
#include "input.h"

#define LOOK_AGAIN_MS 100 /* at what poll(2) cannot wait for, such as a growing file */

static const struct input_kind *const kinds[] = {
#define X(name) &input_##name,
	INPUT_KIND_LIST(X)
#undef X
};

const struct input_kind *input_kind_at(uint32_t i)
{
	return i < ARRAY_SIZE(kinds) ? kinds[i] : NULL;
}

static struct input *input_free(struct input *in)
{
	if (!in)
		return NULL;
	if (in->state)
		in->kind->close(in);
	free(in->name);
	free(in->host);
	free(in);
	return NULL;
}

static const struct input_kind *find_kind(const char *what, const char **ret_rest)
{
	const struct input_kind *plain = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *prefix = kinds[i]->prefix;

		if (!prefix) {
			plain = kinds[i];
		} else if (strncmp(what, prefix, strlen(prefix)) == 0) {
			*ret_rest = what + strlen(prefix);
			return kinds[i];
		}
	}
	*ret_rest = what;
	return plain;
}

static int add_one(struct inputs *inputs, const char *what)
{
	struct input *in = calloc(1, sizeof(*in));
	const char *rest;
	int r = -ENOMEM;

	if (!in || GROW(inputs->v, inputs->n, inputs->capacity) < 0)
		goto fail;
	in->kind = find_kind(what, &rest);
	in->options = &inputs->options;
	in->name = strdup(what);
	in->host = strdup("");
	if (!in->name || !in->host)
		goto fail;
	r = in->kind->open(in, rest);
	if (r < 0) {
		complain("%s: %s", what, *in->error ? in->error : strerror(-r));
		goto fail;
	}
	inputs->v[inputs->n++] = in;
	return 0;
fail:
	input_free(in);
	return r;
}

static int add_folder(struct inputs *inputs, const char *path, unsigned int depth);

static int add_entry(struct inputs *inputs, const char *folder, const char *name,
		     unsigned int depth)
{
	char path[4096];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return -ENAMETOOLONG;
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return depth < 32 ? add_folder(inputs, path, depth + 1) : -ELOOP;
	return S_ISREG(st.st_mode) ? add_one(inputs, path) : 0;
}

/* All files in it and below, by name; hidden ones are not. */
static int add_folder(struct inputs *inputs, const char *path, unsigned int depth)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort), r = 0;

	if (n < 0) {
		r = -errno;
		complain("%s: %s", path, strerror(-r));
		return r;
	}
	for (int i = 0; i < n; i++) {
		if (r == 0 && entries[i]->d_name[0] != '.')
			r = add_entry(inputs, path, entries[i]->d_name, depth);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int inputs_add(struct inputs *inputs, const char *what)
{
	struct stat st;

	if (stat(what, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(inputs, what, 0);
	return add_one(inputs, what);
}

static void end(struct input *in, int r)
{
	if (r != -ENODATA) {
		in->stats.errors++;
		complain("%s: %s", in->name, *in->error ? in->error : strerror(-r));
	}
	in->ended = true;
}

/* One round: the first input, from whose turn it is, that has a block. */
static int take_turn(struct inputs *inputs, struct input **ret_input, struct block *ret_block)
{
	bool all = true;

	for (uint32_t i = 0; i < inputs->n; i++) {
		struct input *in = inputs->v[(inputs->next + i) % inputs->n];
		int r;

		if (in->ended)
			continue;
		memset(ret_block, 0, sizeof(*ret_block));
		r = in->kind->next(in, ret_block);
		if (r < 0) {
			end(in, r);
			continue;
		}
		all = false;
		if (r == 0)
			continue;
		*ret_input = in;
		/* Files one after the other; what is followed takes turns. */
		inputs->next = (inputs->next + i + inputs->options.follow) % inputs->n;
		return 1;
	}
	return all ? -ENODATA : 0;
}

static void wait_for_more(struct inputs *inputs, int timeout_ms)
{
	struct pollfd fds[64];
	nfds_t n = 0;

	for (uint32_t i = 0; i < inputs->n; i++) {
		struct input *in = inputs->v[i];
		int fd = in->ended || !in->kind->fd ? -1 : in->kind->fd(in);

		if (in->ended)
			continue;
		if (fd < 0 || n == ARRAY_SIZE(fds))
			timeout_ms = MIN(timeout_ms, LOOK_AGAIN_MS);
		else
			fds[n++] = (struct pollfd){fd, POLLIN, 0};
	}
	poll(fds, n, timeout_ms);
}

int inputs_next(struct inputs *inputs, int timeout_ms, struct input **ret_input,
		struct block *ret_block)
{
	uint64_t until = monotonic_ns() + (uint64_t)timeout_ms * 1000000, now;
	int r;

	for (;;) {
		r = take_turn(inputs, ret_input, ret_block);
		if (r != 0 || timeout_ms == 0)
			return r;
		now = monotonic_ns();
		if (now >= until)
			return 0;
		wait_for_more(inputs, (int)((until - now) / 1000000 + 1));
		if (monotonic_ns() >= until) /* a signal, or time is up: one look more */
			timeout_ms = 0;
	}
}

void inputs_stats(const struct inputs *inputs, struct input_stats *ret)
{
	bool known = true;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < inputs->n; i++) {
		const struct input_stats *s = &inputs->v[i]->stats;

		ret->bytes += s->bytes;
		ret->total += s->total;
		known = known && s->total;
		ret->reconnects += s->reconnects;
		ret->dropped += s->dropped;
		ret->errors += s->errors;
	}
	if (!known)
		ret->total = 0;
}

void inputs_fini(struct inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->n; i++)
		input_free(inputs->v[i]);
	free(inputs->v);
	memset(inputs, 0, sizeof(*inputs));
}
