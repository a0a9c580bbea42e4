/* SPDX-License-Identifier: Apache-2.0 */
/* -V: rule files checked, the verdict as text or in Falco's JSON. */
#ifndef TOOLS_VALIDATE_H
#define TOOLS_VALIDATE_H

#include <stdio.h>

#include <saker/field.h>

#include "config.h"

/* 0 = all files are good; -EBADMSG = one is not; other negative errno: it could not be said. */
int validate_files(FILE *out, FILE *err, const char *const *files, uint32_t n_files,
		   const struct config *config, const struct saker_catalogue *catalogue);

#endif /* TOOLS_VALIDATE_H */
