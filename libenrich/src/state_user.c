/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups: of the host, from its passwd and group files (read again
 * when they change), or as a capture tells them. Reads the files itself: name
 * services may ask the network, which a sensor must not wait for.
 */
#include "internal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define FIELDS_MAX 7

static void account_release(struct saker_state *s, struct enrich_account *a)
{
	if (a->own)
		pool_account(&s->pool, -(int64_t)a->own_len);
	free(a->own);
}

void enrich_accounts_fini(struct saker_state *s, struct enrich_accounts *accounts)
{
	for (uint32_t i = 0; i < accounts->n; i++)
		account_release(s, &accounts->items[i]);
	pool_account(&s->pool, -(int64_t)(accounts->capacity * sizeof(*accounts->items)));
	pool_account(&s->pool, -(int64_t)accounts->text_len);
	free(accounts->items);
	free(accounts->text);
	memset(accounts, 0, sizeof(*accounts));
}

static int account_compare(const void *a, const void *b)
{
	uint32_t x = ((const struct enrich_account *)a)->id;
	uint32_t y = ((const struct enrich_account *)b)->id;

	return x < y ? -1 : x > y;
}

static struct enrich_account *account_find(struct enrich_accounts *accounts, uint32_t id)
{
	struct enrich_account key = {.id = id};

	if (!accounts->sorted && accounts->n)
		qsort(accounts->items, accounts->n, sizeof(key), account_compare);
	accounts->sorted = true;
	if (!accounts->n)
		return NULL;
	return bsearch(&key, accounts->items, accounts->n, sizeof(key), account_compare);
}

static int account_append(struct saker_state *s, struct enrich_accounts *accounts,
			  const struct enrich_account *account)
{
	uint32_t before = accounts->capacity;

	if (accounts->n >= ENRICH_ACCOUNTS_MAX)
		return -E2BIG;
	if (GROW(accounts->items, accounts->n, accounts->capacity) < 0)
		return -ENOMEM;
	pool_account(&s->pool, (int64_t)((accounts->capacity - before) * sizeof(*account)));
	accounts->items[accounts->n++] = *account;
	accounts->sorted = false;
	return 0;
}

static char *copy_text(char **p, const char *text)
{
	size_t len = strlen(text) + 1;
	char *start = *p;

	memcpy(start, text, len);
	*p += len;
	return start;
}

int enrich_accounts_add(struct saker_state *s, struct enrich_accounts *accounts, uint32_t id,
			const struct enrich_user *user)
{
	const char *name = user->name ? user->name : "";
	const char *home = user->home ? user->home : "";
	const char *shell = user->shell ? user->shell : "";
	struct enrich_account account = {.user = *user, .id = id};
	struct enrich_account *old;
	char *p;
	int r;

	account.own_len = strlen(name) + strlen(home) + strlen(shell) + 3;
	account.own = malloc(account.own_len);
	if (!account.own)
		return -ENOMEM;
	p = account.own;
	account.user.name = copy_text(&p, name);
	account.user.home = copy_text(&p, home);
	account.user.shell = copy_text(&p, shell);
	old = account_find(accounts, id);
	if (old) {
		account_release(s, old);
		*old = account;
	} else {
		r = account_append(s, accounts, &account);
		if (r < 0) {
			free(account.own);
			return r;
		}
	}
	pool_account(&s->pool, (int64_t)account.own_len);
	return 0;
}

void enrich_accounts_remove(struct saker_state *s, struct enrich_accounts *accounts, uint32_t id)
{
	struct enrich_account *a = account_find(accounts, id);

	if (!a)
		return;
	account_release(s, a);
	accounts->n--;
	memmove(a, a + 1, (size_t)(accounts->items + accounts->n - a) * sizeof(*a));
}

int saker_state_add_account(struct saker_state *state, const struct saker_account *account)
{
	struct enrich_user user;

	if (!state || !account || account->type > 1)
		return -EINVAL;
	user = (struct enrich_user){account->uid, account->gid, account->name, account->home,
				    account->shell};
	if (account->type == 1)
		return enrich_accounts_add(state, &state->groups, account->gid, &user);
	return enrich_accounts_add(state, &state->users, account->uid, &user);
}

/* ---- the host's files ------------------------------------------------------------- */

static bool parse_id(const char *text, uint32_t *ret_id)
{
	char *end;
	unsigned long v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || v > UINT32_MAX)
		return false;
	*ret_id = (uint32_t)v;
	return true;
}

/* "name:password:id:..." in place; NSS's own lines (+name, -name) are none. */
static void parse_line(struct saker_state *s, struct enrich_accounts *accounts, char *line,
		       bool groups)
{
	struct enrich_account account = {0};
	char *fields[FIELDS_MAX] = {NULL};
	uint32_t n = 0;

	if (*line == '+' || *line == '-' || *line == '#' || *line == '\0')
		return;
	while (n < FIELDS_MAX) {
		char *colon = strchr(line, ':');

		fields[n++] = line;
		if (!colon)
			break;
		*colon = '\0';
		line = colon + 1;
	}
	if (n < (groups ? 3 : FIELDS_MAX) || !parse_id(fields[2], &account.id))
		return;
	account.user.name = fields[0];
	account.user.home = "";
	account.user.shell = "";
	account.user.gid = account.id;
	if (!groups) {
		account.user.uid = account.id;
		if (!parse_id(fields[3], &account.user.gid))
			return;
		account.user.home = fields[5];
		account.user.shell = fields[6];
	}
	(void)account_append(s, accounts, &account);
}

/* Of several names for one id the first in the file counts, as for getpwuid. */
static int account_compare_in_file(const void *a, const void *b)
{
	const struct enrich_account *x = a;
	const struct enrich_account *y = b;
	int r = account_compare(a, b);

	if (r == 0)
		r = x->user.name < y->user.name ? -1 : x->user.name > y->user.name;
	return r;
}

static void accounts_unique(struct enrich_accounts *accounts)
{
	uint32_t n = 0;

	if (accounts->n)
		qsort(accounts->items, accounts->n, sizeof(*accounts->items),
		      account_compare_in_file);
	for (uint32_t i = 0; i < accounts->n; i++) {
		if (n == 0 || accounts->items[n - 1].id != accounts->items[i].id)
			accounts->items[n++] = accounts->items[i];
	}
	accounts->n = n;
	accounts->sorted = true;
}

static char *read_all(int fd, size_t size)
{
	char *text = malloc(size + 1);
	size_t n = 0;

	while (text && n < size) {
		ssize_t r = read(fd, text + n, size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	if (text)
		text[n] = '\0';
	return text;
}

static void load_file(struct saker_state *s, struct enrich_accounts *accounts, const char *path,
		      bool groups)
{
	uint64_t checked = accounts->checked_ns;
	_cleanup_close_ int fd = -1;
	struct stat st;
	char *line;
	char *rest;
	char *text;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (accounts->text && st.st_mtim.tv_sec == accounts->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == accounts->mtime.tv_nsec && st.st_ino == accounts->ino &&
	    (uint64_t)st.st_size == accounts->size)
		return;
	if (st.st_size < 0 || (uint64_t)st.st_size > ENRICH_ACCOUNT_FILE_MAX)
		return;
	text = read_all(fd, (size_t)st.st_size);
	if (!text)
		return;
	enrich_accounts_fini(s, accounts);
	accounts->text = text;
	accounts->text_len = (size_t)st.st_size + 1;
	accounts->mtime = st.st_mtim;
	accounts->ino = st.st_ino;
	accounts->size = (uint64_t)st.st_size;
	accounts->checked_ns = checked;
	pool_account(&s->pool, (int64_t)accounts->text_len);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		parse_line(s, accounts, line, groups);
	accounts_unique(accounts);
}

/* Looks at the file when that was not done for a second. */
static void refresh(struct saker_state *s, struct enrich_accounts *accounts, const char *file,
		    bool groups)
{
	struct timespec now;
	char path[PATH_MAX];
	uint64_t ns;

	if (s->offline || clock_gettime(CLOCK_MONOTONIC_COARSE, &now) < 0)
		return;
	ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	if (accounts->checked_ns && ns - accounts->checked_ns < UINT64_C(1000000000))
		return;
	accounts->checked_ns = ns ? ns : 1;
	if ((size_t)snprintf(path, sizeof(path), "%s%s", s->host_root, file) < sizeof(path))
		load_file(s, accounts, path, groups);
}

/* Names inside a container are its own; the host's would be a guess. */
const struct enrich_user *enrich_state_user(struct saker_state *s,
					    const struct enrich_container *container, uint32_t uid)
{
	const struct enrich_account *a;

	if (container || uid == ENRICH_NO_ID)
		return NULL;
	refresh(s, &s->users, "/etc/passwd", false);
	a = account_find(&s->users, uid);
	return a ? &a->user : NULL;
}

const struct enrich_user *enrich_state_group(struct saker_state *s,
					     const struct enrich_container *container, uint32_t gid)
{
	const struct enrich_account *a;

	if (container || gid == ENRICH_NO_ID)
		return NULL;
	refresh(s, &s->groups, "/etc/group", true);
	a = account_find(&s->groups, gid);
	return a ? &a->user : NULL;
}
