// SPDX-License-Identifier: Apache-2.0
/*
 * A program of 32 bits that starts itself: called "first" it becomes "second"
 * by execve, that becomes "third" by execveat, and that ends with 42. Built
 * without headers or a C library of that width, for few machines have them.
 */
#define NR_EXIT 1
#define NR_EXECVE 11
#define NR_EXECVEAT 358
#define FDCWD (-100)

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call run\n");

static long call(long nr, long a, long b, long c, long d, long e)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return r;
}

static void leave(int code)
{
	for (;;)
		call(NR_EXIT, code, 0, 0, 0, 0);
}

/* stack: the number of arguments, they, 0, the environment, 0. */
__attribute__((used)) static void run(char **stack)
{
	char **argv = stack + 1, **env = argv + (long)stack[0] + 1;
	char name = argv[0][0];

	if (name == 'f') {
		argv[0] = "second";
		call(NR_EXECVE, (long)"/proc/self/exe", (long)argv, (long)env, 0, 0);
	} else if (name == 's') {
		argv[0] = "third";
		call(NR_EXECVEAT, FDCWD, (long)"/proc/self/exe", (long)argv, (long)env, 0);
	} else {
		leave(42);
	}
	leave(1);
}
