/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's state and what its files call of each other. */
#ifndef RULES_LOAD_INTERNAL_H
#define RULES_LOAD_INTERNAL_H

#include "item.h"

#define RULES_MAX_CATALOGUES 16
#define RULES_MAX_FILE_SIZE (UINT64_C(256) << 20) /* unless the options say otherwise */
#define RULES_MAX_EXCEPTIONS 1024		  /* of a rule */
#define RULES_MAX_ALTERNATIVES 64		  /* of a plugin */
#define RULES_MAX_TAGS 1024			  /* of a rule */
/* Values of all lists of a compile, named lists in lists written out. */
#define RULES_MAX_LIST_ITEMS (16u << 20)
/* A condition once its lists are written into it, where they must be. */
#define RULES_MAX_CONDITION (64u << 20)

struct saker_rules_loader {
	struct saker_rules_options options; /* pointers go into the arena */
	const struct saker_catalogue *catalogues[RULES_MAX_CATALOGUES];
	uint32_t n_catalogues;
	struct arena arena;
	struct rules_reporter reporter;
	struct rules_definitions definitions;
};

/* One file being read into a clone of the definitions. */
struct rules_reading {
	struct saker_rules_loader *loader;
	struct arena *arena;
	struct rules_reporter *reporter;
	struct rules_definitions *definitions;
	const struct rules_place *content; /* the file */
};

/* ---- load_decode.c: values out of YAML, with Falco's words when they are wrong ---- */

enum rules_presence {
	RULES_REQUIRED,
	RULES_OPTIONAL,	      /* but not empty */
	RULES_OPTIONAL_EMPTY, /* may be there and empty: counts as not there */
};

/* 1 = there, 0 = not there, -EBADMSG = reported. */
int rules_decode_scalar(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			enum rules_presence presence, const struct rules_place *place,
			const struct rules_yaml **ret);
int rules_decode_string(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			enum rules_presence presence, const struct rules_place *place,
			const char **ret);
int rules_decode_bool(struct rules_reading *r, const struct rules_yaml *item, const char *key,
		      enum rules_presence presence, const struct rules_place *place, bool *ret);
int rules_decode_u32(struct rules_reading *r, const struct rules_yaml *item, const char *key,
		     enum rules_presence presence, const struct rules_place *place, uint32_t *ret);
/* A sequence of scalars: the node itself, checked. */
int rules_decode_scalars(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			 enum rules_presence presence, const struct rules_place *place,
			 const struct rules_yaml **ret);

/* Decimal, octal (0...) or hexadecimal (0x...), nothing else around. */
bool rules_yaml_to_u32(const struct rules_yaml *scalar, uint32_t *ret);

/* Warns of keys that the item does not have. */
int rules_warn_unknown_keys(struct rules_reading *r, const struct rules_yaml *item,
			    const char *const *keys, size_t n_keys,
			    const struct rules_place *place);

/* Which keys the item's `override` appends to and which it replaces: bits by position in keys. */
struct rules_overrides {
	uint32_t append;
	uint32_t replace;
};

struct rules_overridable {
	const char *key;
	bool append;
	bool replace;
};

/* With the error when `append` is there, too. */
int rules_decode_overrides(struct rules_reading *r, const struct rules_yaml *item,
			   const struct rules_overridable *keys, size_t n_keys, bool append,
			   const struct rules_place *place, struct rules_overrides *ret);

/* `append`, with the warning that it is deprecated; read before `override` is. */
int rules_decode_append(struct rules_reading *r, const struct rules_yaml *item,
			const struct rules_place *place, bool *ret);

/* A place in the arena. */
const struct rules_place *rules_new_place(struct rules_reading *r, const struct rules_yaml *node,
					  enum rules_place_kind kind, const char *name,
					  const struct rules_place *parent);

/* A place for a finding at once. */
static inline struct rules_place rules_place_of(const struct rules_yaml *node,
						enum rules_place_kind kind, const char *name,
						const struct rules_place *parent)
{
	return (struct rules_place){
		.parent = parent, .kind = kind, .name = name ? name : "", .mark = node->mark};
}

/* ---- load.c ---- */

/* A whole file into the loader's arena, NUL-terminated: 0 or an errno. */
int rules_read_file(struct saker_rules_loader *loader, const char *path, char **ret_content,
		    size_t *ret_len);

/* ---- items_file.c ---- */

/* The values of the file that `value` names, relative to the rule file. */
int rules_load_items_file(struct rules_reading *r, const struct rules_yaml *value,
			  const struct rules_place *place, const struct rules_bulk **ret_bulk);

/* ---- load_item.c, load_rule.c, exception.c ---- */

int rules_load_item(struct rules_reading *r, const struct rules_yaml *item);
int rules_load_rule(struct rules_reading *r, const struct rules_yaml *item);

int rules_load_exceptions(struct rules_reading *r, const struct rules_yaml *item, bool append,
			  const struct rules_place *parent, struct rules_exception **ret,
			  uint32_t *ret_n);
/* Checks fields against operators; catalogue NULL = the fields cannot be checked. */
int rules_check_exception(struct rules_reading *r, const struct saker_catalogue *catalogue,
			  struct rules_exception *exception);
/* The same without checks: unknown fields and operators stay as they are. */
int rules_take_exception(struct rules_reading *r, struct rules_exception *exception);
/* Merges by name into a rule's exceptions. */
int rules_append_exceptions(struct rules_reading *r, const struct saker_catalogue *catalogue,
			    struct rules_rule *rule, const struct rules_exception *more,
			    uint32_t n_more);

const struct saker_catalogue *rules_find_catalogue(const struct saker_rules_loader *loader,
						   const char *source);

#endif /* RULES_LOAD_INTERNAL_H */
