/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any parameter of any event as text, as evt.arg, evt.args and the names of
 * failed opens show it: numbers by the format of the schema, descriptors with
 * their type and name, flags and errors by name, addresses and tuples, paths
 * made absolute. Apart from the fields because captures print with it too.
 */
#include "render.h"

#include "internal.h"

#include <saker/event_codes.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define SLICE(literal) ((struct enrich_slice){literal, sizeof(literal) - 1})

/* ---- the builder ---------------------------------------------------------------- */

void render_init(struct render_text *t, struct arena *arena)
{
	memset(t, 0, sizeof(*t));
	t->arena = arena;
}

/* Makes room for n bytes and a NUL. */
static bool render_reserve(struct render_text *t, size_t n)
{
	size_t capacity = t->capacity ? t->capacity : 112;
	char *text;

	if (t->capacity - t->len > n)
		return true;
	while (capacity - t->len <= n && capacity < UINT32_MAX / 4)
		capacity *= 2;
	if (t->failed || capacity - t->len <= n)
		goto fail;
	text = arena_alloc_raw(t->arena, capacity);
	if (!text)
		goto fail;
	if (t->len)
		memcpy(text, t->text, t->len);
	t->text = text;
	t->capacity = (uint32_t)capacity;
	return true;
fail:
	t->failed = true;
	return false;
}

void render_add(struct render_text *t, const char *s, size_t len)
{
	if (!len || !render_reserve(t, len))
		return;
	memcpy(t->text + t->len, s, len);
	t->len += (uint32_t)len;
	t->text[t->len] = '\0';
}

void render_char(struct render_text *t, char c)
{
	render_add(t, &c, 1);
}

void render_format(struct render_text *t, const char *format, ...)
{
	char buf[128];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(buf, sizeof(buf), format, ap);
	va_end(ap);
	if (n > 0)
		render_add(t, buf, MIN((size_t)n, sizeof(buf) - 1));
}

void render_list(struct render_text *t, const struct enrich_str *list, char separator)
{
	uint32_t len = enrich_str_len(list);
	char *at, *end;

	if (!len || !render_reserve(t, len))
		return;
	at = t->text + t->len;
	end = at + len;
	memcpy(at, list->text, len);
	while ((at = memchr(at, '\0', (size_t)(end - at))))
		*at++ = separator;
	t->len += len;
	t->text[t->len] = '\0';
}

uint32_t render_ip(char *buf, const uint8_t *addr, bool v6)
{
	if (!inet_ntop(v6 ? AF_INET6 : AF_INET, addr, buf, INET6_ADDRSTRLEN))
		buf[0] = '\0';
	return (uint32_t)strlen(buf);
}

void render_bytes(struct render_text *t, const uint8_t *data, uint32_t len)
{
	if (!len || !render_reserve(t, len))
		return;
	for (uint32_t i = 0; i < len; i++)
		t->text[t->len++] = data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '.';
	t->text[t->len] = '\0';
}

/* ---- pieces ----------------------------------------------------------------------- */

/* One formatted piece in the scratch. */
static _printf_(2, 3) struct enrich_slice piece(struct arena *arena, const char *format, ...)
{
	struct enrich_slice s = {"", 0};
	char buf[96];
	va_list ap;
	char *copy;
	int n;

	va_start(ap, format);
	n = vsnprintf(buf, sizeof(buf), format, ap);
	va_end(ap);
	if (n <= 0)
		return s;
	n = MIN(n, (int)sizeof(buf) - 1);
	copy = arena_strndup(arena, buf, (size_t)n);
	if (copy)
		s = (struct enrich_slice){copy, (uint32_t)n};
	return s;
}

/* The usual piece, as rules ask for it on the way of an event. */
static struct enrich_slice decimal(struct arena *arena, int64_t value)
{
	char buf[24], *at = buf + sizeof(buf), *copy;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	size_t len;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	len = (size_t)(buf + sizeof(buf) - at);
	copy = arena_strndup(arena, at, len);
	return copy ? (struct enrich_slice){copy, (uint32_t)len} : (struct enrich_slice){"", 0};
}

static struct enrich_slice text_of(const char *s)
{
	return s ? (struct enrich_slice){s, (uint32_t)strlen(s)} : (struct enrich_slice){"", 0};
}

static struct enrich_slice slice_of(const struct enrich_str *s)
{
	return (struct enrich_slice){enrich_str_text(s), enrich_str_len(s)};
}

/* A parameter's value with the sign and width of its type; false = not of that width. */
static bool load_number(enum saker_param_type type, const uint8_t *data, uint32_t len,
			int64_t *ret_value)
{
	uint32_t size = saker_param_type_size(type);

	if (!size || len != size)
		return false;
	switch (type) {
	case SAKER_PT_INT8:
		*ret_value = (int8_t)data[0];
		return true;
	case SAKER_PT_INT16:
		*ret_value = (int16_t)saker_load_u16(data);
		return true;
	case SAKER_PT_INT32:
	case SAKER_PT_FD32:
	case SAKER_PT_PID32:
		*ret_value = (int32_t)saker_load_u32(data);
		return true;
	default:
		break;
	}
	switch (size) {
	case 1:
		*ret_value = data[0];
		return true;
	case 2:
		*ret_value = saker_load_u16(data);
		return true;
	case 4:
		*ret_value = saker_load_u32(data);
		return true;
	case 8:
		*ret_value = (int64_t)saker_load_u64(data);
		return true;
	}
	return false;
}

/*
 * Octal with its 0, hexadecimal bare and in capitals, as wide as the type.
 * Decimal is signed whatever the type: Falco prints so, and rules compare text.
 */
static struct enrich_slice number_text(struct arena *arena, uint8_t format, int64_t value,
				       uint32_t size)
{
	uint64_t bits = size < 8 ? (uint64_t)value & UINT32_MAX : (uint64_t)value;

	switch (format) {
	case SAKER_PF_OCT:
		return piece(arena, "%#" PRIo64, bits);
	case SAKER_PF_HEX:
		return piece(arena, "%" PRIX64, bits);
	case SAKER_PF_10_PADDED_DEC:
		return piece(arena, "%09" PRId64, value);
	default:
		return decimal(arena, size == 4 ? (int64_t)(int32_t)value : value);
	}
}

static const char *errno_text(int64_t value)
{
	return value < 0 && value > -INT32_MAX ? saker_errno_name((int)-value) : NULL;
}

/* ---- what a number stands for ------------------------------------------------------ */

/* t, u, i or r behind the type letter of an IP socket whose protocol is known. */
static char l4_letter(const struct enrich_fd *fd)
{
	static const char letters[] = {
		[ENRICH_L4_TCP] = 't',
		[ENRICH_L4_UDP] = 'u',
		[ENRICH_L4_ICMP] = 'i',
		[ENRICH_L4_RAW] = 'r',
	};
	bool server = fd->type == ENRICH_FD_IPV4_SERVER || fd->type == ENRICH_FD_IPV6_SERVER;

	if (!enrich_fd_is_ip(fd) || enrich_fd_tuple(fd)->l4 >= sizeof(letters))
		return 0;
	if (!server && enrich_fd_tuple(fd)->l4 != ENRICH_L4_RAW &&
	    !(fd->flags & (ENRICH_FD_ROLE_CLIENT | ENRICH_FD_ROLE_SERVER)))
		return 0;
	return letters[enrich_fd_tuple(fd)->l4];
}

static struct enrich_slice fd_text(struct saker_record *r, int64_t num)
{
	const struct enrich_fd *fd;
	struct render_text t;
	char type[5];
	char l4;
	uint32_t n = 0;

	if (num == ENRICH_AT_FDCWD)
		return SLICE("AT_FDCWD");
	if (num < 0)
		return text_of(errno_text(num));
	fd = r->thread ? enrich_fd_find(r->thread, num) : NULL;
	if (!fd)
		return (struct enrich_slice){"", 0};
	type[n++] = '<';
	type[n++] = enrich_fd_type_letter(fd->type);
	l4 = l4_letter(fd);
	if (l4)
		type[n++] = l4;
	type[n++] = '>';
	render_init(&t, &r->scratch);
	render_add(&t, type, n);
	render_slice(&t, slice_of(fd->name));
	return render_result(&t);
}

static struct enrich_slice account_text(struct saker_record *r, uint32_t id, bool group)
{
	const struct enrich_container *container =
		r->thread ? enrich_thread_container(r->thread) : NULL;
	const struct enrich_user *user = NULL;

	if (id == UINT32_MAX)
		return SLICE("<NONE>");
	if (r->thread)
		user = group ? enrich_state_group(r->state, container, id)
			     : enrich_state_user(r->state, container, id);
	if (!user || !user->name || !user->name[0])
		return SLICE("<NA>");
	return text_of(user->name);
}

/* Text that may be too long to be kept. */
static struct enrich_slice flags_long_text(struct saker_record *r,
					   const struct saker_param_info *info, uint32_t value,
					   size_t n)
{
	char *text = arena_alloc_raw(&r->scratch, n + 1);

	if (!text)
		return (struct enrich_slice){"", 0};
	saker_flags_format(info, value, text, n + 1);
	return (struct enrich_slice){text, (uint32_t)n};
}

/*
 * Programs pass the same few flags and modes again and again, and to look their names up is
 * dear: the last ones are kept. What is given out is a copy, as another parameter of the same
 * record may take the place.
 */
static struct enrich_slice flags_text(struct saker_record *r, const struct saker_param_info *info,
				      uint32_t value)
{
	uint32_t hash = (uint32_t)((uintptr_t)info >> 3) + value;
	struct enrich_flags_memo *memo;
	size_t n;
	char *text;

	if (!r->flag_texts)
		return flags_long_text(r, info, value, saker_flags_format(info, value, NULL, 0));
	memo = &r->flag_texts[(hash ^ hash >> 4 ^ hash >> 8) & (ENRICH_FLAGS_KEPT - 1)];
	if (memo->info != info || memo->value != value) {
		n = saker_flags_format(info, value, memo->text, sizeof(memo->text));
		/* cut short: not to be found again */
		memo->info = n < sizeof(memo->text) ? info : NULL;
		memo->value = value;
		memo->len = (uint32_t)n;
		if (!memo->info)
			return flags_long_text(r, info, value, n);
	}
	text = memo->len ? arena_strndup(&r->scratch, memo->text, memo->len) : NULL;
	return text ? (struct enrich_slice){text, memo->len} : (struct enrich_slice){"", 0};
}

static struct enrich_slice signals_text(struct saker_record *r, uint32_t bits)
{
	struct render_text t;

	render_init(&t, &r->scratch);
	for (int sig = 1; sig <= 32; sig++) {
		const char *name = bits & UINT32_C(1) << (sig - 1) ? saker_signal_name(sig) : NULL;

		if (!name)
			continue;
		if (t.len)
			render_char(&t, ' ');
		render_string(&t, name);
	}
	return render_result(&t);
}

static struct enrich_slice date_text(struct saker_record *r, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return SLICE("<NA>");
	return piece(&r->scratch, "%04d-%02d-%02d %02d:%02d:%02d.%09u", tm.tm_year + 1900,
		     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		     (unsigned int)(ns % 1000000000));
}

/* ---- addresses ---------------------------------------------------------------------- */

static void add_endpoint(struct render_text *t, const uint8_t *addr, bool v6)
{
	char buf[INET6_ADDRSTRLEN];

	render_add(t, buf, render_ip(buf, addr, v6));
	render_format(t, ":%u", saker_load_u16(addr + (v6 ? 16 : 4)));
}

static struct enrich_slice sockaddr_text(struct saker_record *r, const uint8_t *data, uint32_t len)
{
	struct render_text t;

	render_init(&t, &r->scratch);
	switch (data[0]) {
	case SAKER_FLAG_socket_families_AF_UNIX:
		if (len < 2)
			return SLICE("INVALID PATH");
		return (struct enrich_slice){(const char *)data + 1,
					     (uint32_t)strnlen((const char *)data + 1, len - 1)};
	case SAKER_FLAG_socket_families_AF_INET:
		if (len < 7)
			return SLICE("INVALID IPv4");
		add_endpoint(&t, data + 1, false);
		break;
	case SAKER_FLAG_socket_families_AF_INET6:
		if (len < 19)
			return SLICE("INVALID IPv6");
		add_endpoint(&t, data + 1, true);
		break;
	default:
		render_format(&t, "family %d", data[0]);
	}
	return render_result(&t);
}

/* v6 addresses that both stand for v4 ones are written as those. */
static void add_tuple6(struct render_text *t, const uint8_t *data)
{
	bool v6 = !enrich_ip6_is_mapped(data + 1) || !enrich_ip6_is_mapped(data + 19);
	char buf[INET6_ADDRSTRLEN];

	render_add(t, buf, render_ip(buf, data + (v6 ? 1 : 13), v6));
	render_format(t, ":%u->", saker_load_u16(data + 17));
	render_add(t, buf, render_ip(buf, data + (v6 ? 19 : 31), v6));
	render_format(t, ":%u", saker_load_u16(data + 35));
}

static struct enrich_slice tuple_text(struct saker_record *r, const uint8_t *data, uint32_t len)
{
	struct render_text t;

	render_init(&t, &r->scratch);
	switch (data[0]) {
	case SAKER_FLAG_socket_families_AF_UNIX:
		if (len < 18)
			return SLICE("INVALID PATH");
		render_format(&t, "%" PRIx64 "->%" PRIx64 " ", saker_load_u64(data + 1),
			      saker_load_u64(data + 9));
		render_add(&t, (const char *)data + 17, strnlen((const char *)data + 17, len - 17));
		break;
	case SAKER_FLAG_socket_families_AF_INET:
		if (len < 13)
			return SLICE("INVALID IPv4");
		add_endpoint(&t, data + 1, false);
		render_string(&t, "->");
		add_endpoint(&t, data + 7, false);
		break;
	case SAKER_FLAG_socket_families_AF_INET6:
		if (len < 37)
			return SLICE("INVALID IPv6");
		add_tuple6(&t, data);
		break;
	default:
		render_format(&t, "family %d", data[0]);
	}
	return render_result(&t);
}

/* "3:f1 4:e2": descriptor, type and poll bits. */
static struct enrich_slice fdlist_text(struct saker_record *r, const uint8_t *data, uint32_t len)
{
	uint32_t n = len >= 2 ? saker_load_u16(data) : 0;
	struct render_text t;

	render_init(&t, &r->scratch);
	for (uint32_t i = 0; i < n && 2 + (i + 1) * 10 <= len; i++) {
		const uint8_t *item = data + 2 + i * 10;
		int64_t num = (int64_t)saker_load_u64(item);
		const struct enrich_fd *fd = r->thread ? enrich_fd_find(r->thread, num) : NULL;

		render_format(&t, "%s%" PRId64 ":%c%x", i ? " " : "", num,
			      fd ? enrich_fd_type_letter(fd->type) : '?',
			      (unsigned int)(int16_t)saker_load_u16(item + 8));
	}
	return render_result(&t);
}

/* ---- paths --------------------------------------------------------------------------- */

/* What a relative path hangs on; "" when its directory is not known. */
static struct enrich_slice base_directory(struct saker_record *r,
					  const struct saker_param_info *info, bool *ret_slash)
{
	const struct enrich_fd *fd;
	int64_t dirfd;

	*ret_slash = true;
	if (info->type != SAKER_PT_FSRELPATH || info->dirfd < 0)
		return enrich_thread_cwd(r->state, r->thread);
	dirfd = enrich_param_int(r, (uint32_t)info->dirfd, ENRICH_AT_FDCWD);
	if (dirfd == ENRICH_AT_FDCWD)
		return enrich_thread_cwd(r->state, r->thread);
	fd = enrich_fd_find(r->thread, dirfd);
	if (!fd || !fd->name || !fd->name->len)
		return (struct enrich_slice){"", 0};
	*ret_slash = fd->name->text[fd->name->len - 1] == '/';
	return slice_of(fd->name);
}

static struct enrich_slice path_text(struct saker_record *r, const struct saker_param_info *info,
				     struct enrich_slice path)
{
	struct enrich_slice none = {"", 0};
	struct enrich_slice dir;
	char *buf, *slashed;
	bool slash;

	if (!r->thread || !path.len || path.text[0] == '/' ||
	    (path.len == 4 && !memcmp(path.text, "<NA>", 4)))
		return none;
	dir = base_directory(r, info, &slash);
	if (!slash) {
		slashed = arena_alloc_raw(&r->scratch, (size_t)dir.len + 1);
		if (!slashed)
			return none;
		memcpy(slashed, dir.text, dir.len);
		slashed[dir.len++] = '/';
		dir.text = slashed;
	}
	buf = arena_alloc_raw(&r->scratch, ENRICH_PATH_MAX + 1);
	if (!buf)
		return none;
	return (struct enrich_slice){buf,
				     enrich_path_join(buf, dir.text, dir.len, path.text, path.len)};
}

/* ---- one parameter --------------------------------------------------------------------- */

/* An unknown buffer reads NULL, anything else <NA>: as it always was. */
static struct enrich_slice empty_text(uint8_t type)
{
	switch (type) {
	case SAKER_PT_BYTEBUF:
	case SAKER_PT_SOCKTUPLE:
	case SAKER_PT_FDLIST:
	case SAKER_PT_CHARBUFARRAY:
	case SAKER_PT_CHARBUF_PAIR_ARRAY:
	case SAKER_PT_DYN:
		return SLICE("NULL");
	default:
		return SLICE("<NA>");
	}
}

/* Types whose value is bytes; false = it is a number. */
static bool render_variable(struct saker_record *r, const struct saker_param_info *info,
			    const uint8_t *data, uint32_t len, struct enrich_rendered *ret)
{
	struct render_text t;

	switch (info->type) {
	case SAKER_PT_CHARBUF:
	case SAKER_PT_FSPATH:
	case SAKER_PT_FSRELPATH:
		if (len == 7 && !memcmp(data, "(NULL)", 7))
			ret->raw = SLICE("<NA>");
		else
			ret->raw = (struct enrich_slice){
				(const char *)data, (uint32_t)strnlen((const char *)data, len)};
		if (info->type != SAKER_PT_CHARBUF)
			ret->resolved = path_text(r, info, ret->raw);
		return true;
	case SAKER_PT_BYTEBUF:
	case SAKER_PT_CHARBUFARRAY:
	case SAKER_PT_CHARBUF_PAIR_ARRAY:
		render_init(&t, &r->scratch);
		render_bytes(&t, data, len);
		ret->raw = render_result(&t);
		return true;
	case SAKER_PT_SOCKADDR:
		ret->raw = sockaddr_text(r, data, len);
		return true;
	case SAKER_PT_SOCKTUPLE:
		ret->raw = tuple_text(r, data, len);
		return true;
	case SAKER_PT_FDLIST:
		ret->raw = fdlist_text(r, data, len);
		return true;
	default:
		return false;
	}
}

/* What the number stands for, by type. */
static void render_number(struct saker_record *r, const struct saker_param_info *info,
			  const struct saker_param_info *outer, int64_t value,
			  struct enrich_rendered *ret)
{
	const struct saker_syscall_info *call;
	const struct enrich_thread *other;

	switch (info->type) {
	case SAKER_PT_FD:
	case SAKER_PT_FD32:
		ret->raw = decimal(&r->scratch, value);
		ret->resolved = fd_text(r, value);
		break;
	case SAKER_PT_PID:
	case SAKER_PT_PID32:
		ret->raw = decimal(&r->scratch, value);
		other = enrich_thread_find(r->state, value);
		if (other)
			ret->resolved = slice_of(other->comm);
		break;
	case SAKER_PT_ERRNO:
		ret->raw = decimal(&r->scratch, value);
		ret->resolved = text_of(errno_text(value));
		break;
	case SAKER_PT_SYSCALLID:
		if (value >= SAKER_SYSCALL_CODES) {
			ret->raw = SLICE("<unknown syscall>");
			break;
		}
		call = saker_syscall_by_code((uint32_t)value);
		ret->raw = decimal(&r->scratch, value);
		ret->resolved = text_of(call ? call->name : "unknown");
		break;
	case SAKER_PT_SIGTYPE:
		ret->raw = decimal(&r->scratch, value);
		ret->resolved = text_of(value ? saker_signal_name((int)value) : NULL);
		break;
	case SAKER_PT_RELTIME:
		if (value == -1) {
			ret->raw = SLICE("none");
			break;
		}
		ret->raw = piece(&r->scratch, "%" PRIu64, (uint64_t)value);
		ret->resolved = piece(&r->scratch, "%lgs", (double)(uint64_t)value / 1e9);
		break;
	case SAKER_PT_ABSTIME:
		ret->raw = date_text(r, (uint64_t)value);
		break;
	case SAKER_PT_FLAGS8:
	case SAKER_PT_FLAGS16:
	case SAKER_PT_FLAGS32:
	case SAKER_PT_ENUMFLAGS8:
	case SAKER_PT_ENUMFLAGS16:
	case SAKER_PT_ENUMFLAGS32:
		ret->raw = decimal(&r->scratch, value);
		ret->resolved = flags_text(r, info, (uint32_t)value);
		break;
	case SAKER_PT_MODE:
		ret->raw = number_text(&r->scratch, outer->format, value, 4);
		ret->resolved = flags_text(r, info, (uint32_t)value);
		break;
	case SAKER_PT_UID:
	case SAKER_PT_GID:
		ret->raw = (uint32_t)value == UINT32_MAX
				   ? SLICE("-1")
				   : number_text(&r->scratch, SAKER_PF_DEC, value, 4);
		ret->resolved = account_text(r, (uint32_t)value, info->type == SAKER_PT_GID);
		break;
	case SAKER_PT_SIGSET:
		ret->raw = signals_text(r, (uint32_t)value);
		break;
	default:
		ret->raw = number_text(&r->scratch, outer->format, value,
				       saker_param_type_size(info->type));
	}
}

void enrich_param_render(struct saker_record *r, uint32_t index, struct enrich_rendered *ret)
{
	const struct saker_param_info *info = &r->view.info->params[index];
	const struct saker_param_info *outer = info;
	const uint8_t *data = r->view.params[index].data;
	uint32_t len = r->view.params[index].len;
	int64_t value;

	ret->raw = empty_text(info->type);
	ret->resolved = (struct enrich_slice){"", 0};
	if (!len)
		return;
	if (info->type == SAKER_PT_DYN) {
		if (data[0] >= info->n_variants) {
			ret->raw = SLICE("INVALID DYNAMIC PARAMETER");
			return;
		}
		info = &info->variants[data[0]];
		data++;
		len--;
		/* A value, which is empty: not one that is unknown. */
		ret->raw = (struct enrich_slice){"", 0};
		if (!len)
			return;
	}
	if (render_variable(r, info, data, len, ret))
		return;
	if (load_number(info->type, data, len, &value))
		render_number(r, info, outer, value, ret);
}

/* Flags by name, which is all that is asked for: their number is not printed for nothing. */
static struct enrich_slice flags_of_param(struct saker_record *r, uint32_t index)
{
	const struct saker_param_info *info = &r->view.info->params[index];
	const struct saker_param *p = &r->view.params[index];
	int64_t value;

	switch (info->type) {
	case SAKER_PT_FLAGS8:
	case SAKER_PT_FLAGS16:
	case SAKER_PT_FLAGS32:
	case SAKER_PT_ENUMFLAGS8:
	case SAKER_PT_ENUMFLAGS16:
	case SAKER_PT_ENUMFLAGS32:
	case SAKER_PT_MODE:
		if (p->len && load_number(info->type, p->data, p->len, &value))
			return flags_text(r, info, (uint32_t)value);
		break;
	default:
		break;
	}
	return (struct enrich_slice){"", 0};
}

struct enrich_slice enrich_param_resolved(struct saker_record *r, uint32_t index)
{
	struct enrich_slice flags = flags_of_param(r, index);
	struct enrich_rendered p;

	if (flags.len)
		return flags;
	enrich_param_render(r, index, &p);
	return p.resolved.len ? p.resolved : p.raw;
}

void enrich_args_render(struct saker_record *r, struct render_text *t)
{
	struct enrich_rendered p;

	for (uint32_t i = 0; i < r->view.n_params; i++) {
		if (i)
			render_char(t, ' ');
		render_string(t, r->view.info->params[i].name);
		render_char(t, '=');
		enrich_param_render(r, i, &p);
		render_slice(t, p.raw);
		if (!p.resolved.len)
			continue;
		render_char(t, '(');
		render_slice(t, p.resolved);
		render_char(t, ')');
	}
}
