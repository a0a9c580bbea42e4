// SPDX-License-Identifier: Apache-2.0
/* What the machine is called, has and is connected by; and its two clocks, for all live engines. */
#include "machine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "common/util.h"

uint64_t machine_boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The nearest of a few tries. */
uint64_t machine_epoch_offset(void)
{
	uint64_t best = UINT64_MAX, offset = 0;
	int i;

	for (i = 0; i < 8; i++) {
		struct timespec before, real, after;
		uint64_t a, b;

		clock_gettime(CLOCK_BOOTTIME, &before);
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_BOOTTIME, &after);
		a = (uint64_t)before.tv_sec * 1000000000 + (uint64_t)before.tv_nsec;
		b = (uint64_t)after.tv_sec * 1000000000 + (uint64_t)after.tv_nsec;
		if (b - a < best) {
			best = b - a;
			offset = (uint64_t)real.tv_sec * 1000000000 + (uint64_t)real.tv_nsec -
				 (a + (b - a) / 2);
		}
	}
	return offset;
}

void machine_read(struct saker_machine *m, uint64_t epoch_offset)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	struct sysinfo info;

	memset(m, 0, sizeof(*m));
	m->n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (sysinfo(&info) == 0)
		m->memory = (uint64_t)info.totalram * info.mem_unit;
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		m->max_pid = strtoull(text, NULL, 10);
	m->boot_ts = epoch_offset;
	if (gethostname(m->hostname, sizeof(m->hostname) - 1) < 0)
		m->hostname[0] = 0;
}

static uint8_t prefix_of(const uint8_t *mask, size_t len)
{
	uint8_t bits = 0;
	size_t i;

	for (i = 0; i < len; i++)
		bits += (uint8_t)__builtin_popcount(mask[i]);
	return bits;
}

static bool copy_interface(const struct ifaddrs *a, struct saker_interface *ret)
{
	struct saker_interface out = {.name = a->ifa_name};

	if (!a->ifa_addr)
		return false;
	if (a->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		const struct sockaddr_in *mask = (const void *)a->ifa_netmask;

		out.addr.family = 4;
		memcpy(out.addr.addr, &in->sin_addr, 4);
		out.addr.prefix = mask ? prefix_of((const void *)&mask->sin_addr, 4) : 32;
	} else if (a->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *mask = (const void *)a->ifa_netmask;

		out.addr.family = 6;
		memcpy(out.addr.addr, &in6->sin6_addr, 16);
		out.addr.prefix = mask ? prefix_of((const void *)&mask->sin6_addr, 16) : 128;
	} else {
		return false;
	}
	*ret = out;
	return true;
}

int machine_interface(struct ifaddrs **list, uint32_t n, struct saker_interface *ret_interface)
{
	struct saker_interface found;
	const struct ifaddrs *a;

	if (!*list && getifaddrs(list) < 0)
		return -errno;
	for (a = *list; a; a = a->ifa_next) {
		if (!copy_interface(a, &found) || n--)
			continue;
		*ret_interface = found;
		return 1;
	}
	return 0;
}
