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

/* What it holds comes from malloc, and counts. */
static void accounts_charge(struct saker_state *s, struct enrich_accounts *accounts, int64_t bytes)
{
	accounts->bytes += (uint64_t)bytes;
	pool_account(&s->pool, bytes);
}

static bool accounts_have_room(const struct saker_state *s, const struct enrich_accounts *accounts,
			       uint64_t bytes)
{
	if (accounts->limit && s->pool.used + bytes > s->pool.limit)
		return false;
	return accounts->bytes + bytes <=
	       (accounts->limit ? accounts->limit : s->pool.limit / ENRICH_ACCOUNTS_SHARE);
}

static void account_release(struct saker_state *s, struct enrich_accounts *accounts,
			    struct enrich_account *a)
{
	if (a->own)
		accounts_charge(s, accounts, -(int64_t)a->own_len);
	free(a->own);
}

void enrich_accounts_fini(struct saker_state *s, struct enrich_accounts *accounts)
{
	for (uint32_t i = 0; i < accounts->n; i++)
		account_release(s, accounts, &accounts->items[i]);
	accounts_charge(s, accounts, -(int64_t)accounts->bytes);
	free(accounts->items);
	free(accounts->index);
	free(accounts->text);
	memset(accounts, 0, sizeof(*accounts));
}

/* ---- by id ------------------------------------------------------------------------- */

static uint32_t index_home(const struct enrich_accounts *accounts, uint32_t id)
{
	return (uint32_t)hash_u64(id) & (accounts->index_capacity - 1);
}

/* Where id stands in the index, or would. */
static uint32_t index_place(const struct enrich_accounts *accounts, uint32_t id)
{
	uint32_t i = index_home(accounts, id);

	while (accounts->index[i] && accounts->items[accounts->index[i] - 1].id != id)
		i = (i + 1) & (accounts->index_capacity - 1);
	return i;
}

static struct enrich_account *account_find(const struct enrich_accounts *accounts, uint32_t id)
{
	uint32_t place = accounts->index ? accounts->index[index_place(accounts, id)] : 0;

	return place ? &accounts->items[place - 1] : NULL;
}

/* Room for one more, in the items and (half full at most) in the index. */
static int accounts_grow(struct saker_state *s, struct enrich_accounts *accounts)
{
	uint32_t capacity = accounts->capacity ? accounts->capacity * 2 : 8;
	size_t more = (capacity - accounts->capacity) * sizeof(*accounts->items) +
		      2 * (size_t)(capacity - accounts->capacity) * sizeof(*accounts->index);
	struct enrich_account *items;
	uint32_t *index;

	if (accounts->n < accounts->capacity)
		return 0;
	if (!accounts_have_room(s, accounts, more))
		return -E2BIG;
	index = calloc(2 * (size_t)capacity, sizeof(*index));
	if (!index)
		return -ENOMEM;
	items = util_reallocarray(accounts->items, capacity, sizeof(*items));
	if (!items) {
		free(index);
		return -ENOMEM;
	}
	free(accounts->index);
	accounts->items = items;
	accounts->capacity = capacity;
	accounts->index = index;
	accounts->index_capacity = 2 * capacity;
	for (uint32_t i = 0; i < accounts->n; i++)
		index[index_place(accounts, items[i].id)] = i + 1;
	accounts_charge(s, accounts, (int64_t)more);
	return 0;
}

/* One that is not there yet. */
static int account_append(struct saker_state *s, struct enrich_accounts *accounts,
			  const struct enrich_account *account)
{
	int r;

	if (accounts->n >= ENRICH_ACCOUNTS_MAX)
		return -E2BIG;
	r = accounts_grow(s, accounts);
	if (r < 0)
		return r;
	accounts->index[index_place(accounts, account->id)] = accounts->n + 1;
	accounts->items[accounts->n++] = *account;
	return 0;
}

/* Backward shift: no marks of the deleted. */
static void index_delete(struct enrich_accounts *accounts, uint32_t id)
{
	uint32_t mask = accounts->index_capacity - 1;
	uint32_t i = index_place(accounts, id);

	for (uint32_t j = (i + 1) & mask; accounts->index[j]; j = (j + 1) & mask) {
		uint32_t home = index_home(accounts, accounts->items[accounts->index[j] - 1].id);

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		accounts->index[i] = accounts->index[j];
		i = j;
	}
	accounts->index[i] = 0;
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
	if (!accounts_have_room(s, accounts, account.own_len))
		return -E2BIG;
	account.own = malloc(account.own_len);
	if (!account.own)
		return -ENOMEM;
	p = account.own;
	account.user.name = copy_text(&p, name);
	account.user.home = copy_text(&p, home);
	account.user.shell = copy_text(&p, shell);
	old = account_find(accounts, id);
	if (old) {
		account_release(s, accounts, old);
		*old = account;
	} else {
		r = account_append(s, accounts, &account);
		if (r < 0) {
			free(account.own);
			return r;
		}
	}
	accounts_charge(s, accounts, (int64_t)account.own_len);
	return 0;
}

void enrich_accounts_remove(struct saker_state *s, struct enrich_accounts *accounts, uint32_t id)
{
	struct enrich_account *a = account_find(accounts, id);

	if (!a)
		return;
	account_release(s, accounts, a);
	index_delete(accounts, id);
	/* The last one takes its place. */
	accounts->n--;
	if (a == &accounts->items[accounts->n])
		return;
	*a = accounts->items[accounts->n];
	accounts->index[index_place(accounts, a->id)] = (uint32_t)(a - accounts->items) + 1;
}

struct enrich_accounts *enrich_container_accounts(struct saker_state *s,
						  struct enrich_accounts **accounts)
{
	if (!*accounts)
		*accounts = enrich_alloc_zero(s, sizeof(**accounts));
	if (*accounts)
		(*accounts)->limit = ENRICH_CONTAINER_ACCOUNTS_MAX;
	return *accounts;
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
	/* Of several names for one id the first in the file counts, as for getpwuid. */
	if (!account_find(accounts, account.id))
		(void)account_append(s, accounts, &account);
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
	if (st.st_size < 0 || (uint64_t)st.st_size > s->pool.limit / ENRICH_ACCOUNTS_SHARE / 2)
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
	accounts_charge(s, accounts, (int64_t)accounts->text_len);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		parse_line(s, accounts, line, groups);
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

	if (uid == ENRICH_NO_ID)
		return NULL;
	if (container) {
		a = container->users ? account_find(container->users, uid) : NULL;
		return a ? &a->user : NULL;
	}
	refresh(s, &s->users, "/etc/passwd", false);
	a = account_find(&s->users, uid);
	return a ? &a->user : NULL;
}

const struct enrich_user *enrich_state_group(struct saker_state *s,
					     const struct enrich_container *container, uint32_t gid)
{
	const struct enrich_account *a;

	if (gid == ENRICH_NO_ID)
		return NULL;
	if (container) {
		a = container->groups ? account_find(container->groups, gid) : NULL;
		return a ? &a->user : NULL;
	}
	refresh(s, &s->groups, "/etc/group", true);
	a = account_find(&s->groups, gid);
	return a ? &a->user : NULL;
}
