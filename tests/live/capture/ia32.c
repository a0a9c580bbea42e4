// SPDX-License-Identifier: Apache-2.0
/* The 32-bit calls themselves and the memory for what they point to; see ia32.h. */
#include "ia32.h"

#if defined(__x86_64__)

#include <sys/mman.h>

long ia32_call(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	long r;

	/* The sixth argument goes where the compiler may keep its frame; no push, for what is
	 * below the stack may be in use. */
	__asm__ volatile("mov %%rbp, %%r15\n\tmov %[f], %%ebp\n\tint $0x80\n\tmov %%r15, %%rbp"
			 : "=a"(r)
			 : "0"((unsigned long)nr), "b"((unsigned long)a), "c"((unsigned long)b),
			   "d"((unsigned long)c), "S"((unsigned long)d),
			   "D"((unsigned long)e), [f] "r"(f)
			 : "memory", "r8", "r9", "r10", "r11", "r15", "cc");
	return (int32_t)r;
}

#define LOW_SIZE 65536

static uint8_t *low;
static size_t low_used;

uint32_t ia32_address(const void *p)
{
	assert_true((uintptr_t)p < UINT64_C(1) << 32);
	return (uint32_t)(uintptr_t)p;
}

void *ia32_new(size_t len)
{
	void *p = low + low_used;

	low_used += (len + 15) & ~(size_t)15;
	assert_true(low_used <= LOW_SIZE);
	return memset(p, 0, len);
}

uint32_t ia32_copy(const void *data, size_t len)
{
	return ia32_address(memcpy(ia32_new(len), data, len));
}

uint32_t ia32_text(const char *text)
{
	return ia32_copy(text, strlen(text) + 1);
}

bool ia32_available(void)
{
	if (!low) {
		low = mmap(NULL, LOW_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		assert_ptr_not_equal(low, MAP_FAILED);
	}
	low_used = 0;
	return CALL(CLOSE, -1) == -EBADF;
}

#endif
