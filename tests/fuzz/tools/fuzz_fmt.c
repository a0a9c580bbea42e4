/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as a rule file to be laid out: what comes out is laid out already, and
 * says what went in; where that cannot be had, there is an error and nothing comes out.
 */
#include <stdlib.h>

#include "fmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *once, *twice;
	size_t n, m;
	struct fmt_error error;

	if (fmt_text((const char *)data, size, &once, &n, &error) < 0)
		return 0;
	if (fmt_check((const char *)data, size, once, n) < 0 ||
	    fmt_text(once, n, &twice, &m, &error) < 0 || n != m || memcmp(once, twice, n) != 0)
		abort();
	free(twice);
	free(once);
	return 0;
}
