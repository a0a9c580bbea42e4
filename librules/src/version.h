/* SPDX-License-Identifier: Apache-2.0 */
/* Version numbers of three parts, as rule files require them of the engine and of plugins. */
#ifndef RULES_VERSION_H
#define RULES_VERSION_H

#include <stdbool.h>
#include <stdint.h>

struct rules_version {
	uint32_t major;
	uint32_t minor;
	uint32_t patch;
};

/* "1.2.3"; what follows the third number is ignored, as "-rc1". -EINVAL. */
int rules_version_parse(const char *text, struct rules_version *ret_version);

/* <0, 0, >0 */
int rules_version_compare(const struct rules_version *a, const struct rules_version *b);

/* True when something of version `have` serves who asks for `want`: same major, not older. */
bool rules_version_serves(const struct rules_version *have, const struct rules_version *want);

#endif /* RULES_VERSION_H */
