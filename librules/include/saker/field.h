/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a field is. librules evaluates conditions over records it knows nothing
 * about: a program hands in one catalogue per event source, which names the
 * source's fields, binds a field with its argument to an extractor, and gives
 * each record a discriminator (a small integer) by which rules are indexed.
 * libenrich implements this for system calls; a CSV file can, in 60 lines.
 */
#ifndef SAKER_FIELD_H
#define SAKER_FIELD_H
#pragma once

#include <saker/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum saker_field_flag {
	SAKER_FIELD_ARG_REQUIRED = 1 << 0,
	SAKER_FIELD_ARG_ALLOWED = 1 << 1,
	SAKER_FIELD_LIST = 1 << 2,   /* yields a list: only in, intersects, exists */
	SAKER_FIELD_ANY = 1 << 3,    /* yields alternatives: true when one satisfies the check */
	SAKER_FIELD_NE_ALL = 1 << 4, /* with ANY: != must hold for all alternatives (fd.ip) */
	SAKER_FIELD_DEPRECATED = 1 << 5,
	SAKER_FIELD_HIDDEN = 1 << 6,	  /* left out of listings unless asked for */
	SAKER_FIELD_FILTER_ONLY = 1 << 7, /* not in outputs */
	SAKER_FIELD_PRINT_ONLY = 1 << 8,  /* of no use in conditions, but not refused there */
	SAKER_FIELD_NO_RHS = 1 << 9,	  /* not on the right of a comparison */
	SAKER_FIELD_NO_TRANSFORMER = 1 << 10,
	SAKER_FIELD_SUGGESTED = 1 << 11,  /* appended to outputs when the user wants suggestions */
	SAKER_FIELD_WARN = 1 << 12,	  /* rules that use it draw LOAD_DEPRECATED_ITEM */
	SAKER_FIELD_TYPED_TEXT = 1 << 13, /* texts show what JSON has: extract_typed */
};

/* One row of a catalogue. `cost` orders evaluation: ~ nanoseconds, 1 = in the record. */
struct saker_field {
	const char *name; /* "proc.name" */
	uint8_t type;	  /* enum saker_type; SAKER_TYPE_NONE = depends on the argument */
	uint8_t format;	  /* enum saker_format */
	uint16_t flags;	  /* enum saker_field_flag */
	uint16_t cost;
	const char *group; /* "evt", "process": for listings */
	const char *description;
};

/* What an extraction yields. Values live until the record is done with. */
struct saker_values {
	const struct saker_value *v; /* n of them; &one for a single value */
	uint32_t n;		     /* 0 = no value, `absent` says why */
	uint32_t absent;	     /* enum saker_absence, when n is 0 */
	struct saker_value one;	     /* room for the usual single value */
};

struct saker_field_ref;

/* Fills out for this record; called at most once per record and distinct ref. */
typedef void (*saker_extract_fn)(void *record, const struct saker_field_ref *ref,
				 struct saker_values *out);

/*
 * A field bound to its argument. librules owns it and keeps it for the life of
 * the ruleset; arg is a NUL-terminated copy that lives as long. evt.arg[flags]
 * and evt.arg.flags bind alike, with the argument "flags".
 */
struct saker_field_ref {
	const struct saker_field *field;
	saker_extract_fn extract;
	saker_extract_fn
		extract_typed; /* value for JSON, where it differs from the text; or NULL */
	const char *arg;       /* NULL = no argument was given */
	uint32_t arg_len;
	uint8_t type;	  /* enum saker_type, resolved */
	uint8_t format;	  /* enum saker_format */
	uint16_t flags;	  /* enum saker_field_flag, resolved (an argument may make a LIST or ANY
			     single) */
	int64_t number;	  /* for the extractor: set by bind */
	const void *data; /* for the extractor: set by bind, outlives the ref */
};

/*
 * An event source's fields. The struct is constant and outlives every ruleset
 * compiled with it. Extraction runs on the evaluating thread only.
 */
struct saker_catalogue {
	uint32_t size;	    /* sizeof(struct saker_catalogue) */
	const char *source; /* "syscall" */
	const struct saker_field *fields;
	uint32_t n_fields;
	uint32_t n_codes; /* discriminators are 0..n_codes-1; at most 1024; 0 = as 1 */
	void *userdata;

	/*
	 * Completes ret_ref (field, arg and defaults for type, format and flags
	 * are set already). -EINVAL with a reason in error for a bad argument.
	 */
	int (*bind)(const struct saker_catalogue *catalogue, struct saker_field_ref *ret_ref,
		    char *error, size_t error_size);

	/* The record's discriminator; NULL = always 0. */
	uint32_t (*code)(const void *record);

	/*
	 * For `ref = constant`: sets in `may` the codes whose records can satisfy
	 * it and in `must` those whose records always do. The bitmaps are zeroed,
	 * n_codes bits wide, bit i in word i / 64. -ENOTSUP: ref does not select
	 * (the usual case). -ENOENT: it selects and has no such constant.
	 * NULL = no field selects.
	 */
	int (*select)(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		      const char *constant, size_t len, uint64_t *may, uint64_t *must);

	/*
	 * Sets in `codes` (zeroed, as above) the codes whose records can have a value
	 * for ref at all: for those of all others no check of it is evaluated, and rules
	 * that need one are not looked at. -ENOTSUP: any may. NULL = any may, for every
	 * ref. The struct may end before this member.
	 */
	int (*has)(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		   uint64_t *codes);
};

static inline void saker_values_set(struct saker_values *out, struct saker_value value)
{
	out->one = value;
	out->v = &out->one;
	out->n = value.absent ? 0 : 1;
	out->absent = value.absent;
}

static inline void saker_values_absent(struct saker_values *out, enum saker_absence why)
{
	out->v = NULL;
	out->n = 0;
	out->absent = (uint32_t)why;
}

#ifdef __cplusplus
}
#endif

#endif /* SAKER_FIELD_H */
