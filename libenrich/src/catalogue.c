/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue that libenrich hands to librules: the rows of field_list.def as
 * public fields, the binding of a field to its argument, and which event codes
 * a constant of evt.type and its like selects.
 *
 * Where libs has a quirk that a rule's author can only trip over, the fields
 * do what their documentation says instead:
 *  - evt.type.is.NAME looks at every event of that name, not at the two of the
 *    oldest version alone;
 *  - proc.aargs without a number is true when one ancestor's arguments satisfy
 *    the check, as proc.aname is, instead of testing all of them run together;
 *  - proc.aenv[2] is the grandparent's environment, not any ancestor's;
 *  - proc.apid and proc.aenv without a number print the ancestors', not the
 *    process's own;
 *  - proc.ppid.duration is absent, not a count of descriptors, when it is not
 *    known since when the parent lives;
 *  - fd.ip, fd.port and fd.net exist only for IP sockets;
 *  - fs.path.* of unlinkat and its like with AT_FDCWD starts with the current
 *    directory, not with <UNKNOWN>;
 *  - fdlist.cports lists client ports alone.
 */
#include "field.h"

#include <assert.h>
#include <stdio.h>

/* ---- the tables -------------------------------------------------------------------- */

#define field_0 NULL /* a row that has no typed form */

static const struct saker_field fields[] = {
#define FIELD(name_, type_, format_, flags_, cost_, group_, arg, extract, typed, what, text) \
	{                                                                                    \
		.name = name_,                                                               \
		.type = SAKER_TYPE_##type_,                                                  \
		.format = SAKER_FORMAT_##format_,                                            \
		.flags = flags_,                                                             \
		.cost = cost_,                                                               \
		.group = group_,                                                             \
		.description = text,                                                         \
	},
#include "field_list.def"
#undef FIELD
};

static const struct field_impl impls[] = {
#define FIELD(name, type, format, flags, cost, group, arg_, extract_, typed_, what_, text) \
	{                                                                                  \
		.extract = field_##extract_,                                               \
		.typed = field_##typed_,                                                   \
		.what = what_,                                                             \
		.arg = FIELD_ARG_##arg_,                                                   \
	},
#include "field_list.def"
#undef FIELD
};

static_assert(ARRAY_SIZE(fields) == 294 + 6,
	      "233 fields of libs, 61 of the container plugin, and those of our own");
static_assert(ARRAY_SIZE(fields) == ARRAY_SIZE(impls), "one row, one field");

/* ---- arguments ---------------------------------------------------------------------- */

static bool all_digits(const char *s, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0;
}

/* Decimal up to max; false = it is not one. */
static bool parse_number(const char *s, uint32_t len, uint64_t max, int64_t *ret_number)
{
	uint64_t n = 0;

	if (!all_digits(s, len))
		return false;
	for (uint32_t i = 0; i < len; i++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s[i] - '0'), &n) || n > max)
			return false;
	}
	*ret_number = (int64_t)n;
	return true;
}

/* The first parameter of that name in any event; they have the same type nearly always. */
static const struct saker_param_info *find_param(const char *name, uint32_t len)
{
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);
		int i = info ? enrich_param_index(info, name, len) : -1;

		if (i >= 0)
			return &info->params[i];
	}
	return NULL;
}

/* The type that a parameter's value has as a field. */
enum saker_type field_raw_type(enum saker_param_type type)
{
	switch (type) {
	case SAKER_PT_CHARBUF:
		return SAKER_TYPE_STRING;
	case SAKER_PT_FSPATH:
	case SAKER_PT_FSRELPATH:
		return SAKER_TYPE_PATH;
	case SAKER_PT_INT8:
		return SAKER_TYPE_I8;
	case SAKER_PT_INT16:
		return SAKER_TYPE_I16;
	case SAKER_PT_INT32:
	case SAKER_PT_FD32:
	case SAKER_PT_PID32:
		return SAKER_TYPE_I32;
	case SAKER_PT_INT64:
	case SAKER_PT_ERRNO:
	case SAKER_PT_FD:
	case SAKER_PT_PID:
		return SAKER_TYPE_I64;
	case SAKER_PT_RELTIME:
		return SAKER_TYPE_RELTIME;
	case SAKER_PT_ABSTIME:
		return SAKER_TYPE_ABSTIME;
	case SAKER_PT_PORT:
		return SAKER_TYPE_PORT;
	case SAKER_PT_BOOL:
		return SAKER_TYPE_BOOL;
	default:
		break;
	}
	switch (saker_param_type_size(type)) {
	case 1:
		return SAKER_TYPE_U8;
	case 2:
		return SAKER_TYPE_U16;
	case 4:
		return SAKER_TYPE_U32;
	case 8:
		return SAKER_TYPE_U64;
	default:
		return SAKER_TYPE_BYTES;
	}
}

enum saker_format field_raw_format(uint8_t format)
{
	switch (format) {
	case SAKER_PF_HEX:
		return SAKER_FORMAT_HEX;
	case SAKER_PF_OCT:
		return SAKER_FORMAT_OCT;
	case SAKER_PF_10_PADDED_DEC:
		return SAKER_FORMAT_PADDED_DEC;
	default:
		return SAKER_FORMAT_DEC;
	}
}

/* A number as Falco reads one: with a sign, and up to the limits. false = it is none. */
static bool parse_index(const char *s, uint32_t len, int64_t *ret)
{
	bool sign = len && (*s == '-' || *s == '+'), minus = sign && *s == '-';
	int64_t n = 0;

	if (!all_digits(s + sign, len - sign))
		return false;
	for (uint32_t i = sign; i < len; i++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, minus ? '0' - s[i] : s[i] - '0', &n)) {
			n = minus ? INT64_MIN : INT64_MAX;
			break;
		}
	}
	*ret = n;
	return true;
}

/* A position that no event has is legal, and its value absent. */
static int bind_param(struct saker_field_ref *ref, char *error, size_t size)
{
	int64_t index;

	if (parse_index(ref->arg, ref->arg_len, &index)) {
		ref->number = (int32_t)index < 0 ? SAKER_EVENT_MAX_PARAMS : (int32_t)index;
		return 0;
	}
	if (!find_param(ref->arg, ref->arg_len)) {
		snprintf(error, size, "unknown event argument %s", ref->arg);
		return -EINVAL;
	}
	ref->number = -1;
	return 0;
}

static int bind_raw_param(struct saker_field_ref *ref, char *error, size_t size)
{
	const struct saker_param_info *info = find_param(ref->arg, ref->arg_len);

	if (!info) {
		snprintf(error, size,
			 all_digits(ref->arg, ref->arg_len)
				 ? "%s takes the name of an argument, not its number %s"
				 : "%s: unknown event argument %s",
			 ref->field->name, ref->arg);
		return -EINVAL;
	}
	ref->type = field_raw_type(info->type);
	ref->number = -1;
	return 0;
}

static int bind_event_name(struct saker_field_ref *ref, char *error, size_t size)
{
	if (parse_number(ref->arg, ref->arg_len, SAKER_EVENT_CODES - 1, &ref->number))
		return 0;
	if (saker_event_find(ref->arg, 0) < 0) {
		snprintf(error, size, "unknown event type %s", ref->arg);
		return -EINVAL;
	}
	ref->number = -1;
	return 0;
}

static int bind_abspath(struct saker_field_ref *ref, char *error, size_t size)
{
	ref->number = 0;
	if (!ref->arg)
		return 0;
	if (util_streq(ref->arg, "src")) {
		ref->number = 1;
	} else if (util_streq(ref->arg, "dst")) {
		ref->number = 2;
	} else {
		snprintf(error, size, "%s takes src or dst, not %s", ref->field->name, ref->arg);
		return -EINVAL;
	}
	return 0;
}

/*
 * Falco keeps 32 bits of all but numbers of descriptors. -1 is the same as no argument,
 * for a position any negative number; no process is as far away as another one says.
 */
static int bind_level(struct saker_field_ref *ref, uint8_t kind, char *error, size_t size)
{
	int64_t index = -1;

	if (ref->arg && !parse_index(ref->arg, ref->arg_len, &index)) {
		snprintf(error, size, "%s takes a number, not '%s'", ref->field->name, ref->arg);
		return -EINVAL;
	}
	if (kind != FIELD_ARG_FD)
		index = (int32_t)index;
	if (index < -1)
		index = kind == FIELD_ARG_INDEX ? -1 : (int64_t)UINT32_MAX;
	ref->number = index;
	if (index == -1)
		return 0;
	ref->flags &= (uint16_t)~SAKER_FIELD_ANY;
	return 0;
}

static int bind_env(struct saker_field_ref *ref)
{
	ref->number = ref->arg && !all_digits(ref->arg, ref->arg_len) ? 0 : -1;
	return 0;
}

static int bind_aenv(struct saker_field_ref *ref, char *error, size_t size)
{
	if (!ref->arg || all_digits(ref->arg, ref->arg_len))
		return bind_level(ref, FIELD_ARG_LEVEL, error, size);
	ref->number = -2;
	ref->flags &= (uint16_t)~SAKER_FIELD_ANY;
	return 0;
}

static int bind_timestamp(struct saker_field_ref *ref, char *error, size_t size)
{
	if (parse_number(ref->arg, ref->arg_len, INT64_MAX, &ref->number))
		return 0;
	snprintf(error, size, "%s takes nanoseconds since 1970, not '%s'", ref->field->name,
		 ref->arg);
	return -EINVAL;
}

static int bind_arg(struct saker_field_ref *ref, const struct field_impl *impl, char *error,
		    size_t size)
{
	switch ((enum field_arg_kind)impl->arg) {
	case FIELD_ARG_NONE:
		ref->number = impl->what;
		return 0;
	case FIELD_ARG_PARAM:
		return bind_param(ref, error, size);
	case FIELD_ARG_RAW_PARAM:
		return bind_raw_param(ref, error, size);
	case FIELD_ARG_EVENT_NAME:
		return bind_event_name(ref, error, size);
	case FIELD_ARG_TIMESTAMP:
		return bind_timestamp(ref, error, size);
	case FIELD_ARG_ABSPATH:
		return bind_abspath(ref, error, size);
	case FIELD_ARG_LEVEL:
	case FIELD_ARG_INDEX:
	case FIELD_ARG_FD:
		return bind_level(ref, impl->arg, error, size);
	case FIELD_ARG_ENV:
		return bind_env(ref);
	case FIELD_ARG_AENV:
		return bind_aenv(ref, error, size);
	case FIELD_ARG_SUBSYS:
		return 0;
	case FIELD_ARG_KEY:
		if (!parse_number(ref->arg, ref->arg_len, INT32_MAX, &ref->number))
			ref->number = -1;
		return 0;
	}
	return -EINVAL;
}

static int catalogue_bind(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
			  char *error, size_t size)
{
	const struct field_impl *impl;

	if (!catalogue || !ref || !error || !size || ref->field < fields ||
	    ref->field >= fields + ARRAY_SIZE(fields))
		return -EINVAL;
	error[0] = '\0';
	impl = &impls[ref->field - fields];
	if (!ref->arg && ref->field->flags & SAKER_FIELD_ARG_REQUIRED) {
		snprintf(error, size, "%s requires an argument", ref->field->name);
		return -EINVAL;
	}
	if (ref->arg && impl->arg == FIELD_ARG_NONE) {
		snprintf(error, size, "%s takes no argument", ref->field->name);
		return -EINVAL;
	}
	ref->extract = impl->extract;
	ref->extract_typed = impl->typed;
	ref->data = impl;
	return bind_arg(ref, impl, error, size);
}

/* ---- the discriminator ----------------------------------------------------------------- */

static uint32_t catalogue_code(const void *record)
{
	return field_code(record);
}

static void set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/*
 * Events of that name, and the generic one for a system call that has none of
 * its own. An asynchronous event's name is in the event: it may be any.
 */
static int select_type(const char *name, bool calls_only, uint64_t *may, uint64_t *must)
{
	const struct saker_syscall_info *call = saker_syscall_by_name(name);
	bool known = call != NULL;
	int code = -1;

	while ((code = saker_event_find(name, (uint32_t)(code + 1))) >= 0) {
		const struct saker_event_info *info = saker_event_info((uint32_t)code);

		known = true;
		if (code == CODE_GENERIC || code == CODE_ASYNC ||
		    (calls_only && !(info->category & SAKER_EC_SYSCALL)))
			continue;
		set_bit(may, (uint32_t)code);
		set_bit(must, (uint32_t)code);
	}
	if (!known)
		return -ENOENT;
	if (call && call->event == CODE_GENERIC)
		set_bit(may, CODE_GENERIC);
	if (!calls_only)
		set_bit(may, CODE_ASYNC);
	return 0;
}

/* The categories that a code alone decides; I/O depends on the descriptor. */
static int select_category(const char *name, uint64_t *may, uint64_t *must)
{
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);
		const char *category = info ? field_category_name(info->category) : "unknown";

		if (!category) {
			set_bit(may, code);
		} else if (util_streq(category, name)) {
			set_bit(may, code);
			set_bit(must, code);
		}
	}
	return 0;
}

static int catalogue_select(const struct saker_catalogue *catalogue,
			    const struct saker_field_ref *ref, const char *constant, size_t len,
			    uint64_t *may, uint64_t *must)
{
	char name[64];

	if (!catalogue || !ref || !constant || !may || !must)
		return -EINVAL;
	/* An empty type is legal, and no event's. */
	if (ref->extract == field_evt_type && len == 0)
		return 0;
	if (ref->extract == field_evt_clock && ref->number == CLOCK_NUM)
		return len == 1 && constant[0] == '0' ? 0 : -ENOTSUP; /* nothing has number 0 */
	if (ref->extract != field_evt_type && ref->extract != field_evt_syscall_type &&
	    ref->extract != field_evt_category)
		return -ENOTSUP;
	if (len >= sizeof(name) || memchr(constant, '\0', len))
		return ref->extract == field_evt_type ? -ENOENT : -ENOTSUP;
	memcpy(name, constant, len);
	name[len] = '\0';
	if (ref->extract == field_evt_category)
		return select_category(name, may, must);
	if (ref->extract == field_evt_syscall_type) {
		/* A name that no call has is legal here, and never equal. */
		select_type(name, true, may, must);
		return 0;
	}
	return select_type(name, false, may, must);
}

/* Parameters by name exist in the events that have one so named, fd.* in those about descriptors.
 */
static int catalogue_has(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
			 uint64_t *codes)
{
	bool param, fd;

	if (!catalogue || !ref || !codes)
		return -EINVAL;
	param = (ref->extract == field_evt_arg || ref->extract == field_evt_rawarg) &&
		ref->number == -1;
	fd = util_streq(ref->field->group, "fd") && !(ref->flags & SAKER_FIELD_LIST);
	if (!param && !fd)
		return -ENOTSUP;
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);

		if (!info || (fd && info->flags & FIELD_FD_EVENTS) ||
		    (param && enrich_param_index(info, ref->arg, ref->arg_len) >= 0))
			set_bit(codes, code);
	}
	return 0;
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.n_codes = SAKER_EVENT_CODES,
	.bind = catalogue_bind,
	.code = catalogue_code,
	.select = catalogue_select,
	.has = catalogue_has,
};

const struct saker_catalogue *saker_enrich_catalogue(void)
{
	return &catalogue;
}
