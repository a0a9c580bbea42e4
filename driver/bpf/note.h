/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The companion event (OWN_NOTE), and sending what is in the scratch. Both
 * travel in one record of the ring: they come and are lost together, and
 * nothing can step between them. Most events have none; for those it is a test
 * of what the program knows already.
 */
#ifndef SAKER_BPF_NOTE_H
#define SAKER_BPF_NOTE_H

#include "file.h"

#define NOTE_PARAMS 5

struct note {
	__u64 ts;
	__u64 tid;
	__u32 len;
	__u16 type;
	__u32 n_params;
	__u16 lens[NOTE_PARAMS];
	__u8 via;
	__u8 how;
	__u32 cut;
	__u64 cut_len;
	/* the path */
} __attribute__((packed));

/* At `to`; f->pos stands behind its path, if it has one. */
PROBE_INLINE void note_write(struct fill *f, __u8 *to, __u8 via, __u8 how, __u32 path_len)
{
	struct note *n = (struct note *)to;

	n->ts = *(__u64 *)f->data;
	n->tid = *(__u64 *)(f->data + 8);
	n->len = sizeof(*n) + path_len;
	n->type = SAKER_EV_OWN_NOTE_X;
	n->n_params = NOTE_PARAMS;
	n->lens[0] = sizeof(n->via);
	n->lens[1] = sizeof(n->how);
	n->lens[2] = sizeof(n->cut);
	n->lens[3] = sizeof(n->cut_len);
	n->lens[4] = path_len;
	n->via = via;
	n->how = how;
	n->cut = f->cut;
	n->cut_len = f->cut_len;
}

/* ---- where a name led to ------------------------------------------------------------ */

#define NOTE_WORDS 32 /* of 8 bytes: longer names are not compared and count as differing */

#define NOTE_AT(f, at) ((f)->data + ((at) & (PROBE_EVENT_MAX - 1)))

/*
 * The name asked for is the path: absolute, without a link or ".." in it. One that is
 * relative never is: the directory may have been moved since anybody was told of it.
 * Both lengths count the NUL.
 */
PROBE_INLINE bool note_same(struct fill *f, __u32 path, __u32 path_len)
{
	__u32 len = f->name_len, name = f->name;
	__u32 i;

	OPAQUE(name);
	OPAQUE(path);
	if (len < 2 || len != path_len || len > 8 * NOTE_WORDS)
		return false;
	for (i = 0; i < NOTE_WORDS && 8 * i + 8 <= len; i++)
		if (*(__u64 *)NOTE_AT(f, name + 8 * i) != *(__u64 *)NOTE_AT(f, path + 8 * i))
			return false;
	/* What is less than a word, by the word that ends where both end; or byte by byte. */
	if (len >= 8)
		return *(__u64 *)NOTE_AT(f, name + len - 8) == *(__u64 *)NOTE_AT(f, path + len - 8);
	for (i = 0; i < 8 && i < len; i++)
		if (*NOTE_AT(f, name + i) != *NOTE_AT(f, path + i))
			return false;
	return true;
}

/* The path behind the note that will stand at f->pos; its bytes, 0 = nothing to say. */
PROBE_INLINE __u32 note_path(struct fill *f)
{
	__u32 at = f->pos + sizeof(struct note);
	__u32 n;

	if (f->pos > PROBE_EVENT_MAX - sizeof(struct note) - PROBE_PATH_MAX) {
		f->scratch->walk.whole = false;
		return 0;
	}
	fill_advance(f, sizeof(struct note));
	n = file_fill_raw_path(f, f->path, false);
	return n && f->scratch->walk.whole && !note_same(f, at, n) ? n : 0;
}

/*
 * Sends what is in the scratch, with its companion if there is cause. `via` and
 * `how` are constants or known by now.
 */
PROBE_INLINE void note_output(struct fill *f, void *ring, __u16 code, enum probe_class class,
			      __u8 via, __u8 how)
{
	__u32 len = f->pos, path_len = 0;
	bool high = fill_is_high(code);

	f->cpu->busy = 0;
	if (len > PROBE_EVENT_MAX - 1) {
		fill_drop_event(f, PROBE_DROP_TOO_LARGE, class, code);
		return;
	}
	*(__u32 *)(f->data + 16) = len | f->mark;
	if (f->path) {
		path_len = note_path(f);
		how |= f->scratch->walk.whole ? 0 : SAKER_HOW_PATH_CUT;
	}
	OPAQUE(len);
	len &= PROBE_EVENT_MAX - 1;
	if (via || how || f->cut || path_len) {
		note_write(f, f->data + len, via, how, path_len);
		len += sizeof(struct note) + path_len;
		OPAQUE(len);
		len &= 2 * PROBE_EVENT_MAX - 1;
	}
	if (!fill_room(f->cpu, ring, len, high) ||
	    bpf_ringbuf_output(ring, f->data, len, fill_wake(f->cpu, code, len)))
		fill_drop_event(f, PROBE_DROP_RING_FULL, class, code);
}

#endif /* SAKER_BPF_NOTE_H */
