/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executable file of processes, and its digest: computed elsewhere, told by
 * an event ("exe_digest"), and shared by all that came from one execve, so that
 * a child forked before the digest was known has it too.
 */
#include <stdio.h>

#include "internal.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_LEN 64u

struct enrich_exe *enrich_exe_new(struct saker_state *s, const struct saker_exe *what)
{
	struct enrich_exe *exe = enrich_alloc_zero(s, sizeof(*exe));

	if (!exe)
		return NULL;
	exe->refs = 1;
	exe->ino = what->ino;
	exe->mtime = what->mtime;
	exe->why_not = SAKER_ABSENT_NOT_CAPTURED;
	if (what->ino && s->ask_digest && s->ask_digest(s->ask_digest_userdata, what) >= 0)
		exe->why_not = SAKER_ABSENT_PENDING;
	return exe;
}

void enrich_thread_new_exe(struct saker_state *s, struct enrich_thread *t)
{
	const struct saker_exe what = {
		.tid = t->tid,
		.ptid = t->ptid,
		.ino = t->exe_ino,
		.ctime = t->exe_ino_ctime,
		.mtime = t->exe_ino_mtime,
		.path = enrich_str_text(t->exepath),
	};
	struct enrich_exe *exe =
		s->exe_of_held ? enrich_exe_ref(s->exe_of_held) : enrich_exe_new(s, &what);

	if (exe && !what.ino)
		exe->why_not = enrich_thread_why_not(t);
	enrich_exe_set(s, t, exe);
}

struct enrich_exe *enrich_exe_ref(struct enrich_exe *exe)
{
	if (exe)
		exe->refs++;
	return exe;
}

void enrich_exe_unref(struct saker_state *s, struct enrich_exe *exe)
{
	if (!exe || --exe->refs)
		return;
	enrich_str_unref(s, exe->digest);
	enrich_dealloc(s, exe, sizeof(*exe));
}

void enrich_exe_set(struct saker_state *s, struct enrich_thread *t, struct enrich_exe *exe)
{
	enrich_exe_unref(s, t->exe_file);
	t->exe_file = exe;
}

static bool is_digest(const char *text, size_t len)
{
	size_t prefix = sizeof(DIGEST_PREFIX) - 1;

	if (len != prefix + DIGEST_LEN || memcmp(text, DIGEST_PREFIX, prefix) != 0)
		return false;
	for (size_t i = prefix; i < len; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

/* What is told of a file without a digest: "-" and, where there is one, the cause. */
static uint8_t why_no_digest(const char *text)
{
	if (strcmp(text, "-denied") == 0)
		return SAKER_ABSENT_NO_PERMISSION;
	if (strcmp(text, "-large") == 0)
		return SAKER_ABSENT_TRUNCATED;
	return SAKER_ABSENT_NOT_CAPTURED;
}

bool enrich_exe_told(struct saker_state *s, struct enrich_exe *exe, uint64_t ino, uint64_t mtime,
		     const char *digest)
{
	if (!exe || exe->ino != ino || exe->mtime != mtime || exe->digest)
		return false;
	if (is_digest(digest, strlen(digest)))
		exe->digest = enrich_str_new(s, digest, strlen(digest));
	exe->why_not = why_no_digest(digest);
	return true;
}

void enrich_exe_digest(struct saker_state *s, struct saker_record *r, struct enrich_slice text)
{
	unsigned long long ino, mtime;
	struct enrich_thread *t;
	char digest[128];

	if (text.len >= sizeof(digest) + 48 ||
	    sscanf(text.text, "%127s %llu %llu", digest, &ino, &mtime) != 3) {
		s->stats.n_malformed++;
		return;
	}
	if (enrich_hold_told(s, (int64_t)r->view.event->tid, ino, mtime, digest))
		return;
	t = enrich_thread_find(s, (int64_t)r->view.event->tid);
	if (t)
		enrich_exe_told(s, t->exe_file, ino, mtime, digest);
}
