/* SPDX-License-Identifier: Apache-2.0 */
/* Small things every library needs: cleanup attributes, checked sizes, growing arrays. */
#ifndef SAKER_COMMON_UTIL_H
#define SAKER_COMMON_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define TAKE_PTR(p)                     \
	({                              \
		__typeof__(p) _p = (p); \
		(p) = NULL;             \
		_p;                     \
	})

#define TAKE_FD(fd)             \
	({                      \
		int _fd = (fd); \
		(fd) = -1;      \
		_fd;            \
	})

static inline void util_freep(void *p)
{
	free(*(void **)p);
}

static inline void util_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ _cleanup_(util_freep)
#define _cleanup_close_ _cleanup_(util_closep)

/* NULL on overflow, as when memory is short. */
static inline void *util_reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return realloc(p, bytes ? bytes : 1);
}

/* Makes room for one more element; doubles. 0 or -ENOMEM, the array unchanged. */
#define GROW(array, n, capacity)                                                       \
	({                                                                             \
		int _r = 0;                                                            \
		if ((n) >= (capacity)) {                                               \
			size_t _cap = (capacity) ? (size_t)(capacity)*2 : 8;           \
			void *_p = util_reallocarray((array), _cap, sizeof(*(array))); \
			if (_p) {                                                      \
				(array) = _p;                                          \
				(capacity) = (__typeof__(capacity))_cap;               \
			} else {                                                       \
				_r = -ENOMEM;                                          \
			}                                                              \
		}                                                                      \
		_r;                                                                    \
	})

static inline bool util_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

#endif /* SAKER_COMMON_UTIL_H */
