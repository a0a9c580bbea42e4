/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event's companion says: how it came, what was cut, where its name
 * led to. Apart because of what a missing companion means: that there was
 * nothing to say, or that whoever captured it would not have said so.
 */
#include "field.h"
#include "render.h"

/* ---- how it came -------------------------------------------------------------------- */

void field_evt_via(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	static const char *const names[] = {
		[SAKER_VIA_SYSCALL] = "syscall",
		[SAKER_VIA_IO_URING] = "io_uring",
		[SAKER_VIA_IA32] = "ia32",
	};
	const struct saker_record *r = record;
	uint8_t via = r->flags & ENRICH_RECORD_HAS_NOTE ? r->note.via : SAKER_VIA_SYSCALL;

	if (!(r->view.info->category & SAKER_EC_SYSCALL))
		field_set_none(out);
	else if (!(r->flags & (ENRICH_RECORD_NOTED | ENRICH_RECORD_HAS_NOTE)) ||
		 via >= ARRAY_SIZE(names))
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	else
		field_set_text(out, names[via], strlen(names[via]));
}

/* ---- what was cut --------------------------------------------------------------------- */

#define IO_FLAGS (SAKER_EF_READS_FROM_FD | SAKER_EF_WRITES_TO_FD)

/* I/O data end at snaplen, which shows by itself: less of them than the call moved. */
static bool data_is_cut(const struct saker_record *r, uint32_t i)
{
	const struct saker_param_info *info = &r->view.info->params[i];

	return r->view.info->flags & IO_FLAGS && info->type == SAKER_PT_BYTEBUF &&
	       strcmp(info->name, "data") == 0 && r->flags & ENRICH_RECORD_HAS_RES &&
	       r->res > (int64_t)r->view.params[i].len;
}

void field_evt_truncated(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	uint32_t cut = r->flags & ENRICH_RECORD_HAS_NOTE ? r->note.cut : 0;
	bool any = false;
	struct render_text t;

	for (uint32_t i = 0; i < r->view.n_params; i++) {
		if (!(cut & UINT32_C(1) << i) && !data_is_cut(r, i))
			continue;
		if (!any)
			render_init(&t, &r->scratch);
		else
			render_char(&t, ',');
		any = true;
		render_slice(&t,
			     (struct enrich_slice){r->view.info->params[i].name,
						   (uint32_t)strlen(r->view.info->params[i].name)});
	}
	if (any)
		field_set_slice(out, render_result(&t));
	else if (r->flags & ENRICH_RECORD_NOTED)
		field_set_none(out);
	else
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
}

/* ---- where its name led to --------------------------------------------------------------- */

static bool has_path(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_FILE || fd->type == ENRICH_FD_FILE_V2 ||
	       fd->type == ENRICH_FD_DIRECTORY;
}

void field_fd_realpath(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);

	if (!fd || !has_path(fd))
		field_set_none(out);
	else if (enrich_fd_real(fd))
		field_set_str(out, enrich_fd_real(fd));
	else if (fd->flags & ENRICH_FD_REAL_KNOWN && fd->name)
		field_set_str(out, fd->name);
	else
		saker_values_absent(out, fd->flags & ENRICH_FD_REAL_CUT
						 ? SAKER_ABSENT_TRUNCATED
						 : SAKER_ABSENT_NOT_CAPTURED);
}
