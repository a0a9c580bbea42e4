/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.*: the file descriptor that an event makes, uses or closes: what it is,
 * its name and its inode. The ends of sockets are in field_fd_net.c.
 */
#include "field.h"
#include "render.h"

#include <inttypes.h>

/* ---- which descriptor -------------------------------------------------------------- */

static bool has_fd(const struct saker_record *r)
{
	return r->view.info->flags & FIELD_FD_EVENTS && r->thread;
}

static int64_t fd_number(const struct saker_record *r)
{
	return r->flags & ENRICH_RECORD_HAS_FD ? r->fd_num : -1;
}

const struct enrich_fd *field_fd_of(const struct saker_record *r)
{
	int64_t num;

	if (!has_fd(r))
		return NULL;
	if (r->fd)
		return r->fd;
	num = fd_number(r);
	return num >= 0 ? enrich_fd_find(r->thread, num) : NULL;
}

/* ---- numbers ------------------------------------------------------------------------- */

void field_fd_num(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	if (has_fd(record))
		field_set_u64(out, ref, (uint64_t)fd_number(record));
	else
		field_set_none(out);
}

void field_fd_number(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);

	if (!fd) {
		saker_values_absent(out, enrich_fd_why_not(record));
		return;
	}
	/* Twelve bits of major, between the halves of the minor. */
	switch ((enum field_fd_number)ref->number) {
	case FD_DEV:
		field_set_u64(out, ref, (uint64_t)(int32_t)enrich_fd_dev(fd));
		break;
	case FD_DEV_MAJOR:
		field_set_u64(out, ref, enrich_fd_dev(fd) >> 8 & 0xfff);
		break;
	case FD_DEV_MINOR:
		field_set_u64(out, ref,
			      (enrich_fd_dev(fd) & 0xff) | (enrich_fd_dev(fd) >> 12 & 0xfff00));
		break;
	case FD_INO:
		field_set_u64(out, ref, fd->ino);
		break;
	}
}

void field_fd_flag(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	bool is = false;

	if (!fd) {
		saker_values_absent(out, enrich_fd_why_not(record));
		return;
	}
	switch ((enum field_fd_flag)ref->number) {
	case FD_FLAG_CONNECTED:
		is = fd->flags & ENRICH_FD_CONNECTED;
		break;
	case FD_FLAG_NAME_CHANGED:
		is = r->flags & ENRICH_RECORD_NAME_CHANGED;
		break;
	case FD_FLAG_UPPER:
		is = fd->flags & ENRICH_FD_UPPER_LAYER;
		break;
	case FD_FLAG_LOWER:
		is = fd->flags & ENRICH_FD_LOWER_LAYER;
		break;
	}
	field_set_bool(out, is);
}

void field_fd_uid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct render_text t;

	if (!has_fd(r)) {
		field_set_none(out);
		return;
	}
	render_init(&t, &r->scratch);
	render_format(&t, "%" PRId64 "%" PRId64, r->thread->tid, fd_number(r));
	field_set_slice(out, render_result(&t));
}

/* ---- kind ------------------------------------------------------------------------------ */

static void set_type(struct saker_values *out, const struct enrich_fd *fd)
{
	const char *name = enrich_fd_type_name(fd->type);

	field_set_text(out, name, strlen(name));
}

void field_fd_type(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);

	if (fd)
		set_type(out, fd);
	else
		saker_values_absent(out, enrich_fd_why_not(record));
}

/* What the event would have made. */
static char letter_of_event(uint16_t code)
{
	switch (code | 1) {
	case CODE_OPENAT:
	case CODE_OPENAT2:
	case CODE_CREAT:
		return 'f';
	case CODE_SOCKET:
	case CODE_ACCEPT:
	case CODE_ACCEPT4:
		return '4';
	case CODE_PIPE:
	case CODE_PIPE2:
		return 'p';
	case CODE_EVENTFD:
	case CODE_EVENTFD2:
		return 'e';
	case CODE_SIGNALFD:
	case CODE_SIGNALFD4:
		return 's';
	case CODE_TIMERFD_CREATE:
		return 't';
	case CODE_INOTIFY_INIT:
	case CODE_INOTIFY_INIT1:
		return 'i';
	default:
		return 'o';
	}
}

void field_fd_typechar(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	/* Text of one letter, without a copy. */
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzPX46?";
	const struct enrich_fd *fd = field_fd_of(record);
	const char *at;
	char letter;

	if (!has_fd(record)) {
		field_set_none(out);
		return;
	}
	letter = fd ? enrich_fd_type_letter(fd->type) : letter_of_event(field_code(record));
	at = strchr(letters, letter);
	field_set_text(out, at && letter ? at : "?", 1);
}

/* All kinds once, or the one of a number. */
void field_fd_types(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = NULL;
	struct saker_value *values;
	uint64_t seen = 0;
	uint32_t iter = 0;
	uint32_t n = 0;

	if (ref->number >= 0 && has_fd(r))
		fd = enrich_fd_find(r->thread, ref->number);
	if (!has_fd(r) || (ref->number >= 0 && !fd)) {
		field_set_none(out);
		return;
	}
	if (fd) {
		set_type(out, fd);
		return;
	}
	values = arena_alloc(&r->scratch, ENRICH_FD_TYPES * sizeof(*values));
	while (values && (fd = enrich_fd_next(r->thread, &iter))) {
		const char *name = enrich_fd_type_name(fd->type);
		bool known = false;

		if (fd->type >= ENRICH_FD_TYPES || seen >> fd->type & 1)
			continue;
		seen |= UINT64_C(1) << fd->type;
		for (uint32_t i = 0; i < n && !known; i++)
			known = util_streq(values[i].str, name);
		if (!known)
			values[n++] = saker_value_str(name, strlen(name));
	}
	out->v = values;
	out->n = n;
	/* Of a process without descriptors it is a list, and empty. */
	out->absent = values ? SAKER_PRESENT : SAKER_ABSENT_TRUNCATED;
}

/* ---- name -------------------------------------------------------------------------------- */

/*
 * A call that failed, or whose descriptor got lost, still says what it was
 * about. Empty for calls that name nothing: that is a value, too.
 */
bool field_fd_name_of_event(struct saker_record *r, bool raw, struct enrich_slice *ret_name)
{
	*ret_name = (struct enrich_slice){"", 0};
	switch (field_code(r)) {
	case CODE_OPEN:
	case CODE_CREAT:
	case CODE_ACCEPT:
	case CODE_ACCEPT4:
	case CODE_CONNECT:
		if (r->view.n_params > 1)
			*ret_name = enrich_param_resolved(r, 1);
		return true;
	case CODE_OPENAT:
	case CODE_OPENAT2:
		if (!enrich_param(r, 2) || (!raw && !enrich_param(r, 1)))
			return false;
		*ret_name = raw ? enrich_param_text(r, 2) : enrich_record_path(r, 2);
		return true;
	case CODE_OPEN_BY_HANDLE_AT:
		*ret_name = enrich_param(r, 3) ? enrich_param_text(r, 3)
					       : (struct enrich_slice){"<NA>", 4};
		return true;
	default:
		return field_code(r) & 1;
	}
}

static bool fd_name(struct saker_record *r, const struct enrich_fd *fd, struct enrich_slice *ret)
{
	if (!fd)
		return has_fd(r) && field_fd_name_of_event(r, false, ret);
	*ret = (struct enrich_slice){enrich_str_text(fd->name), enrich_str_len(fd->name)};
	return true;
}

static bool is_file(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_FILE || fd->type == ENRICH_FD_FILE_V2;
}

static bool fd_directory(struct saker_record *r, const struct enrich_fd *fd,
			 struct enrich_slice *ret)
{
	const char *slash;
	uint32_t pos;

	if (fd && !is_file(fd) && fd->type != ENRICH_FD_DIRECTORY)
		return false;
	if (!fd_name(r, fd, ret))
		return false;
	if (fd && fd->type == ENRICH_FD_DIRECTORY)
		return true;
	slash = memrchr(ret->text, '/', ret->len);
	pos = slash ? (uint32_t)(slash - ret->text) : 0;
	if (!pos)
		*ret = (struct enrich_slice){"/", 1};
	else if (pos < ret->len - 1)
		ret->len = pos;
	return true;
}

void field_fd_name(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct enrich_slice name;

	if (fd_name(record, field_fd_of(record), &name))
		field_set_slice(out, name);
	else
		saker_values_absent(out, enrich_fd_why_not(record));
}

void field_fd_directory(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct enrich_slice directory;

	if (fd_directory(record, field_fd_of(record), &directory))
		field_set_slice(out, directory);
	else
		field_set_none(out);
}

void field_fd_filename(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);
	struct enrich_slice name;
	const char *slash;

	if (!fd || !is_file(fd) || !fd_name(record, fd, &name)) {
		saker_values_absent(out,
				    fd ? SAKER_ABSENT_NOT_APPLICABLE : enrich_fd_why_not(record));
		return;
	}
	slash = memrchr(name.text, '/', name.len);
	if (!slash) {
		name = (struct enrich_slice){"/", 1};
	} else if (slash < name.text + name.len - 1) {
		name.len -= (uint32_t)(slash + 1 - name.text);
		name.text = slash + 1;
	}
	field_set_slice(out, name);
}

static bool has_doubled_slash(struct enrich_slice s)
{
	const char *at = s.text;
	const char *end = s.text + s.len;

	while (at < end && (at = memchr(at, '/', (size_t)(end - at))))
		if (++at < end && *at == '/')
			return true;
	return false;
}

/* Doubled slashes become one. */
static struct enrich_slice squeeze(struct saker_record *r, struct enrich_slice s)
{
	uint32_t n = 0;
	char *text;

	if (!has_doubled_slash(s))
		return s;
	text = arena_alloc(&r->scratch, s.len);
	if (!text)
		return s;
	for (uint32_t i = 0; i < s.len; i++)
		if (!n || s.text[i] != '/' || text[n - 1] != '/')
			text[n++] = s.text[i];
	return (struct enrich_slice){text, n};
}

void field_fd_nameraw(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	struct enrich_slice name = {"", 0};

	if (fd) {
		const struct enrich_str *raw =
			enrich_fd_name_raw(fd) ? enrich_fd_name_raw(fd) : fd->name;

		if (is_file(fd) || fd->type == ENRICH_FD_DIRECTORY || enrich_fd_name_raw(fd))
			name = (struct enrich_slice){enrich_str_text(raw), enrich_str_len(raw)};
	} else if (!has_fd(r) || !field_fd_name_of_event(r, true, &name)) {
		field_set_none(out);
		return;
	}
	field_set_slice(out, squeeze(r, name));
}

/* ---- with the container in front ----------------------------------------------------------- */

static void set_prefixed(struct saker_values *out, struct saker_record *r, struct enrich_slice s)
{
	struct render_text t;

	render_init(&t, &r->scratch);
	render_slice(&t, field_container_id(r));
	render_char(&t, ':');
	render_slice(&t, s);
	field_set_slice(out, render_result(&t));
}

void field_fd_containername(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct enrich_slice name;

	if (fd_name(record, field_fd_of(record), &name))
		set_prefixed(out, record, name);
	else
		field_set_none(out);
}

void field_fd_containerdirectory(void *record, const struct saker_field_ref *ref,
				 struct saker_values *out)
{
	struct enrich_slice directory;

	if (fd_directory(record, field_fd_of(record), &directory))
		set_prefixed(out, record, directory);
	else
		field_set_none(out);
}
