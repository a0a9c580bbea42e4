/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes to the language server. A first byte below 0x80 means the stream as it
 * is; otherwise each line is a message that gets its header, so that the fuzzer need not
 * count. Nothing on disk is read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <saker/enrich.h>

#include "lsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_framed(FILE *out, const char *data, size_t size)
{
	while (size) {
		const char *newline = memchr(data, '\n', size);
		size_t n = newline ? (size_t)(newline - data) : size;

		fprintf(out, "Content-Length: %zu\r\n\r\n", n);
		fwrite(data, 1, n, out);
		size -= n + (newline != NULL);
		data += n + (newline != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lsp_server *server = calloc(1, sizeof(*server));
	int fd = memfd_create("in", MFD_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!server || !in)
		abort();
	server->out = fopen("/dev/null", "we");
	if (!server->out)
		abort();
	if (size && data[0] >= 0x80)
		put_framed(in, (const char *)data + 1, size - 1);
	else
		fwrite(data, 1, size, in);
	fflush(in);
	lseek(fd, 0, SEEK_SET);
	server->in.fd = fd;
	server->no_disk = true;
	server->catalogue = saker_enrich_catalogue();
	lsp_serve(server);
	fclose(server->out);
	fclose(in);
	free(server);
	return 0;
}
