/* SPDX-License-Identifier: Apache-2.0 */
/* fdlist.*: the descriptors that a poll call waits for, as lists in text. */
#include "field.h"
#include "render.h"

#include <arpa/inet.h>
#include <inttypes.h>

#define ITEM_SIZE 10 /* i64 descriptor, i16 flags */

static bool is_connection(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_IPV4_SOCK || fd->type == ENRICH_FD_IPV6_SOCK;
}

static bool is_v6(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_IPV6_SOCK || fd->type == ENRICH_FD_IPV6_SERVER;
}

/* What one descriptor adds to the list; false = it has no such thing. */
static bool add_item(struct render_text *t, enum field_fdlist what, int64_t num,
		     const struct enrich_fd *fd)
{
	char ip[INET6_ADDRSTRLEN];

	switch (what) {
	case FDLIST_NUMS:
		render_format(t, "%" PRId64, num);
		return true;
	case FDLIST_NAMES:
		if (fd && enrich_str_len(fd->name))
			render_add(t, fd->name->text, fd->name->len);
		else
			render_string(t, "<NA>");
		return true;
	case FDLIST_CIPS:
		if (!fd || !is_connection(fd))
			return false;
		render_add(t, ip, render_ip(ip, enrich_fd_tuple(fd)->sip, is_v6(fd)));
		return true;
	case FDLIST_SIPS:
		if (!fd || !enrich_fd_is_ip(fd))
			return false;
		render_add(t, ip, render_ip(ip, enrich_fd_tuple(fd)->dip, is_v6(fd)));
		return true;
	case FDLIST_CPORTS:
	case FDLIST_SPORTS:
		if (!fd || !is_connection(fd))
			return false;
		render_format(t, "%u",
			      what == FDLIST_CPORTS ? enrich_fd_tuple(fd)->sport
						    : enrich_fd_tuple(fd)->dport);
		return true;
	}
	return false;
}

void field_fdlist(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct saker_param *p = NULL;
	struct render_text t;
	uint32_t n = 0;

	if (field_code(r) == CODE_POLL || field_code(r) == CODE_PPOLL)
		p = enrich_param(r, 1);
	if (!p || !r->thread) {
		field_set_none(out);
		return;
	}
	render_init(&t, &r->scratch);
	if (p->len >= 2)
		n = MIN(saker_load_u16(p->data), (p->len - 2) / ITEM_SIZE);
	for (uint32_t i = 0; i < n; i++) {
		int64_t num = (int64_t)saker_load_u64(p->data + 2 + (size_t)i * ITEM_SIZE);
		uint32_t before = t.len;

		if (t.len)
			render_char(&t, ',');
		if (!add_item(&t, (enum field_fdlist)ref->number, num,
			      enrich_fd_find(r->thread, num)))
			t.len = before;
	}
	if (t.len)
		field_set_slice(out, render_result(&t));
	else
		field_set_none(out);
}
