/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's users and groups: read from a made-up /proc with a thread in a
 * container whose files are good, hostile or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "container_accounts.h"
#include "event_story.h"
#include "internal.h"

#define TID 7
#define ID "0123456789ab"
#define LOCAL "36 35 0:30 / / rw - overlay overlay rw\n40 36 0:5 / /proc rw - proc proc rw\n"

static char folder[] = "/tmp/saker-accounts-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void make(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int setup(void **state)
{
	(void)state;
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	make("1");
	make("1/ns");
	make("1/root");
	make("7");
	make("7/ns");
	make("7/root");
	make("7/root/etc");
	put("1/ns/mnt", "");
	put("7/ns/mnt", "");
	put("7/mountinfo", LOCAL);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int read_all(struct saker_state *s, uint32_t *ret_n)
{
	struct saker_event_meta meta = {.flags = SAKER_EVENT_META_STATE_ONLY};
	struct saker_record *record;
	uint8_t *events = NULL;
	size_t len = 0;
	int r = container_accounts_read(folder, TID, ID, &events, &len);

	*ret_n = 0;
	for (size_t pos = 0; r == 0 && pos < len;) {
		const struct saker_event *event = (const struct saker_event *)(events + pos);
		struct saker_event_view view;

		assert_int_equal(saker_event_decode(event, len - pos, &view), 0);
		if (s)
			assert_int_equal(saker_state_apply(s, event, &meta, &record), 0);
		pos += event->len;
		(*ret_n)++;
	}
	free(events);
	return r;
}

static void test_good(void **state)
{
	static struct event_builder eb;
	struct saker_state *s = story_state();
	const struct enrich_container *c;
	const struct enrich_user *u;
	uint32_t n;

	(void)state;
	put("7/root/etc/passwd",
	    "root:x:0:0:root:/root:/bin/sh\n# no\n+nis\nbroken\n"
	    "bird:x:1234:99:A bird:/nest:/bin/fly\nx:x:-1:0::/:/\nlast:x:5:5::/:/");
	put("7/root/etc/group", "root:x:0:\nflock:x:99:bird,root\n:x:7:\n");
	story_apply(s, eb_make(&eb, SAKER_EV_ASYNCEVENT_E, STORY_TS, 0, "wss", 0, "container",
			       "{\"container\":{\"id\":\"" ID "\"}}"));
	assert_int_equal(read_all(s, &n), 0);
	assert_int_equal(n, 5);
	c = enrich_state_container(s, ID, strlen(ID));
	u = enrich_state_user(s, c, 1234);
	assert_non_null(u);
	assert_string_equal(u->name, "bird");
	assert_string_equal(u->home, "/nest");
	assert_string_equal(u->shell, "/bin/fly");
	assert_int_equal(u->gid, 99);
	assert_string_equal(enrich_state_user(s, c, 5)->name, "last");
	assert_string_equal(enrich_state_group(s, c, 99)->name, "flock");
	assert_null(enrich_state_user(s, c, 4));
	assert_null(enrich_state_user(s, NULL, 1234));
	saker_state_free(s);
}

/* Whoever is in the container makes its files. */
static void test_hostile(void **state)
{
	char path[PATH_MAX], outside[PATH_MAX];
	uint32_t n;

	(void)state;
	snprintf(path, sizeof(path), "%s/7/root/etc/passwd", folder);
	/* Links lead nowhere but into the container. */
	put("secret", "leak:x:66:66::/:/\n");
	snprintf(outside, sizeof(outside), "%s/secret", folder);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
	unlink(path);
	assert_int_equal(symlink("../../../../../../../../secret", path), 0);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
	unlink(path);
	assert_int_equal(symlink("/etc/real", path), 0);
	put("7/root/etc/real", "in:x:1:1::/:/\n");
	assert_int_equal(read_all(NULL, &n), 0);
	assert_int_equal(n, 1);
	unlink(path);
	/* Not a file, and one that would never end. */
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
	unlink(path);
	put("7/root/etc/passwd", "big:x:1:1::/:/\n");
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
	rmdir(path);
}

static void test_many(void **state)
{
	char path[PATH_MAX];
	uint32_t n;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/7/root/etc/passwd", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 5000; i++)
		fprintf(f, "u%d:x:%d:%d::/:/\n", i, i, i);
	fclose(f);
	assert_int_equal(read_all(NULL, &n), 0);
	assert_int_equal(n, 512);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputc('a', f);
	fputs(":x:1:1::/:/\nok:x:2:2::/:/\n", f);
	fclose(f);
	assert_int_equal(read_all(NULL, &n), 0);
	assert_int_equal(n, 1);
}

static void test_not_yet(void **state)
{
	char a[PATH_MAX], b[PATH_MAX];
	uint32_t n;

	(void)state;
	put("7/root/etc/passwd", "root:x:0:0::/:/\n");
	/* The host's mount namespace still. */
	snprintf(a, sizeof(a), "%s/1/ns/mnt", folder);
	snprintf(b, sizeof(b), "%s/7/ns/mnt", folder);
	unlink(b);
	assert_int_equal(link(a, b), 0);
	assert_int_equal(read_all(NULL, &n), -EAGAIN);
	unlink(b);
	put("7/ns/mnt", "");
	/* A file system that a program serves may never answer. */
	put("7/mountinfo", "36 35 0:30 / / rw - fuse.overlay overlay rw\n");
	assert_int_equal(read_all(NULL, &n), -EOPNOTSUPP);
	put("7/mountinfo", "nonsense\n\n - \n");
	assert_int_equal(read_all(NULL, &n), -EOPNOTSUPP);
	put("7/mountinfo", LOCAL);
	assert_int_equal(read_all(NULL, &n), 0);
	unlink(b);
	assert_int_equal(read_all(NULL, &n), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_yet, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
