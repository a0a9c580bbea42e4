/* SPDX-License-Identifier: Apache-2.0 */
/* The bar. */
#include "progress.h"

#define WAIT_NS (NS_PER_S / 2) /* what is over sooner needs no bar */
#define STEP_NS (NS_PER_S / 10)
#define BAR 24

void progress_init(struct progress *p, bool on)
{
	memset(p, 0, sizeof(*p));
	p->on = on;
	p->started = monotonic_ns();
}

void progress_show(struct progress *p, uint64_t bytes, uint64_t total, bool end)
{
	uint64_t now, elapsed;
	char done[16], rate[16], left[24] = "";
	char bar[BAR + 1];
	double share;

	if (!p->on)
		return;
	if (end) {
		if (p->shown)
			fputs("\r\033[K", stderr);
		p->shown = false;
		return;
	}
	now = monotonic_ns();
	elapsed = now - p->started;
	if (elapsed < WAIT_NS || now - p->last < STEP_NS)
		return;
	p->last = now;
	p->shown = true;
	share = total ? (double)bytes / (double)MAX(bytes, total) : 0;
	memset(bar, ' ', BAR);
	memset(bar, '=', (size_t)(share * BAR));
	bar[BAR] = '\0';
	format_bytes(bytes, done, sizeof(done));
	format_bytes((uint64_t)((double)bytes * 1e9 / (double)elapsed), rate, sizeof(rate));
	if (!total) {
		fprintf(stderr, "\r%s, %s/s\033[K", done, rate);
		return;
	}
	if (share > 0)
		format_duration((uint64_t)((double)elapsed * (1 - share) / share), left,
				sizeof(left));
	fprintf(stderr, "\r[%s] %3.0f %%  %s  %s/s  %s left\033[K", bar, share * 100, done, rate,
		left);
}
