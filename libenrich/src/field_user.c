/* SPDX-License-Identifier: Apache-2.0 */
/* user.* and group.*: whose rights the event's thread has, by number and name. */
#include "field.h"

#define NA ((struct enrich_slice){"<NA>", 4})

static struct enrich_slice known(const char *s)
{
	return s ? (struct enrich_slice){s, (uint32_t)strlen(s)} : (struct enrich_slice){"", 0};
}

void field_user_uid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->thread)
		field_set_u64(out, ref, r->thread->uid);
	else
		field_set_none(out);
}

void field_user_loginuid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (!r->thread)
		field_set_none(out);
	else if (r->thread->loginuid == ENRICH_NO_ID)
		field_set_u64(out, ref, (uint64_t)-1);
	else
		field_set_u64(out, ref, r->thread->loginuid);
}

/* Number 0 is root on any machine, whether or not it can be looked up. */
static struct enrich_slice user_text(const struct enrich_user *user, uint32_t uid,
				     enum field_user what)
{
	switch (what) {
	case USER_NAME:
	case USER_LOGIN:
		return user ? known(user->name) : uid == 0 ? known("root") : NA;
	case USER_HOME:
		return user ? known(user->home) : uid == 0 ? known("/root") : NA;
	case USER_SHELL:
		return user ? known(user->shell) : NA;
	}
	return NA;
}

void field_user_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	enum field_user what = (enum field_user)ref->number;
	const struct enrich_user *user = NULL;
	uint32_t uid;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	uid = what == USER_LOGIN ? r->thread->loginuid : r->thread->uid;
	if (uid != ENRICH_NO_ID)
		user = enrich_state_user(r->state, enrich_thread_container(r->thread), uid);
	field_set_slice(out, user_text(user, uid, what));
}

void field_group_gid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->thread)
		field_set_u64(out, ref, r->thread->gid);
	else
		field_set_none(out);
}

void field_group_name(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_user *group = NULL;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	if (r->thread->gid != ENRICH_NO_ID)
		group = enrich_state_group(r->state, enrich_thread_container(r->thread),
					   r->thread->gid);
	if (group)
		field_set_slice(out, known(group->name));
	else
		field_set_slice(out, r->thread->gid == 0 ? known("root") : NA);
}
