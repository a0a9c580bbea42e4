/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes as a file of test cases: read, its events made, findings formatted. */
#include <stdlib.h>
#include <sys/mman.h>

#include "case.h"
#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("cases", MFD_CLOEXEC);
	FILE *null = fopen("/dev/null", "we");
	struct reporter reporter = {.out = null};
	struct test_file file;
	char path[64];

	if (fd < 0 || !null || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	test_file_read(&file, path, reporter_diag, &reporter);
	reporter_finish(&reporter);
	test_file_fini(&file);
	close(fd);
	fclose(null);
	return 0;
}
