// SPDX-License-Identifier: Apache-2.0
/* Why the probe does not load here, in words that say what to do; and libbpf's messages. */
#include "engine_ebpf.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <bpf/libbpf.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#define LOG_TAIL 1500 /* bytes of a verifier's log that a diagnostic shows: its end tells */

static uint64_t effective_caps(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool file_has(const char *path, const char *word)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (n <= 0)
		return false;
	text[n] = 0;
	return strstr(text, word) != NULL;
}

static bool has_cap(unsigned int cap)
{
	return effective_caps() >> cap & 1;
}

/* In the first one every user is itself: "0 0 4294967295". */
static bool in_user_namespace(void)
{
	return access("/proc/self/uid_map", F_OK) == 0 &&
	       !file_has("/proc/self/uid_map", "4294967295");
}

/* Which capabilities are missing: "CAP_BPF CAP_PERFMON"; "" = none. */
static void missing_caps(char *text, size_t size)
{
	uint64_t caps = effective_caps();

	text[0] = 0;
	if (caps >> CAP_SYS_ADMIN & 1)
		return;
	snprintf(text, size, "%s%s", caps >> CAP_BPF & 1 ? "" : "CAP_BPF ",
		 caps >> CAP_PERFMON & 1 ? "" : "CAP_PERFMON ");
	if (text[0])
		text[strlen(text) - 1] = 0;
}

static int diag_no_permission(const struct saker_capture *capture, const char *missing)
{
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_NO_PERMISSION", "",
		     "run as root, or give the program CAP_SYS_ADMIN (libbpf looks for the "
		     "kernel's types with BPF_BTF_GET_NEXT_ID, for which CAP_BPF is not enough), "
		     "CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE",
		     "loading the eBPF probe needs capabilities that this process lacks: %s",
		     missing);
	return -EPERM;
}

int ebpf_diag_requirements(const struct saker_capture *capture)
{
	char missing[64];

	missing_caps(missing, sizeof(missing));
	if (missing[0])
		return diag_no_permission(capture, missing);
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		capture_diag(
			capture, SAKER_SEVERITY_ERROR, "CAPTURE_NO_BTF", "/sys/kernel/btf/vmlinux",
			"use a kernel built with CONFIG_DEBUG_INFO_BTF=y (Linux 5.8 or newer), "
			"and mount /sys in containers",
			"the kernel does not describe its types (no BTF): the probe cannot "
			"fit itself to it");
		return -ENOTSUP;
	}
	return 0;
}

static void diag_permission(const struct saker_capture *capture, const char *what, const char *log)
{
	char missing[64];

	missing_caps(missing, sizeof(missing));
	if (missing[0]) {
		diag_no_permission(capture, missing);
		return;
	}
	if (in_user_namespace()) {
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_USER_NAMESPACE", "",
			     "run it outside, as the machine's root; in a container without a user "
			     "namespace of its own",
			     "this process is in a user namespace, where not even root has "
			     "capabilities over the kernel");
		return;
	}
	if (!has_cap(CAP_SYS_ADMIN)) {
		diag_no_permission(capture, "CAP_SYS_ADMIN");
		return;
	}
	if (file_has("/sys/kernel/security/lockdown", "[confidentiality]")) {
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_LOCKDOWN",
			     "/sys/kernel/security/lockdown",
			     "boot with lockdown=integrity or lockdown=none",
			     "the kernel is locked down (confidentiality): it lets no program read "
			     "its memory");
		return;
	}
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_PROBE_NOT_ALLOWED", "",
		     "check seccomp and security modules: bpf(2) must be allowed to load tracing "
		     "programs",
		     "could not %s: the kernel refuses although the capabilities are there%s%s",
		     what, log && log[0] ? ": " : "", log ? log : "");
}

/* The newest of what the probe cannot do without; the verifier calls it a fault of the probe. */
static bool lacks_helpers(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL) == 0;
}

void ebpf_diag_failure(const struct saker_capture *capture, const char *what, int error,
		       const char *log)
{
	size_t len = log ? strlen(log) : 0;
	const char *tail = len > LOG_TAIL ? log + len - LOG_TAIL : log ? log : "";

	switch (error) {
	case EPERM:
		diag_permission(capture, what, tail);
		return;
	case ENOMEM:
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_NO_MEMORY", "",
			     "raise the memory limit (cgroup; before Linux 5.11 RLIMIT_MEMLOCK, "
			     "\"ulimit -l unlimited\"), or ask for smaller rings",
			     "could not %s: out of memory or of locked memory", what);
		return;
	case EMFILE:
	case ENFILE:
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_TOO_MANY_FILES", "",
			     "raise RLIMIT_NOFILE (\"ulimit -n 4096\"): loading takes some 200 "
			     "descriptors",
			     "could not %s: too many open files", what);
		return;
	case EACCES:
	case E2BIG:
		break;
	case EINVAL:
		if (!tail[0] || lacks_helpers()) {
			capture_diag(
				capture, SAKER_SEVERITY_ERROR, "CAPTURE_KERNEL_TOO_OLD", "",
				"the probe needs BPF ring buffers, tracing programs with BTF and "
				"bpf_loop: Linux 5.17 or newer",
				"could not %s: this kernel does not know what the probe uses",
				what);
			return;
		}
		break;
	default:
		if (!tail[0]) {
			capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_PROBE_FAILED", "",
				     "the log tells what libbpf says (saker -v, evtcap -v); little "
				     "memory is a common cause",
				     "could not %s: %s", what, strerror(error));
			return;
		}
	}
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_PROBE_REFUSED", "",
		     "please report it with the kernel's version and the text above",
		     "could not %s: the kernel's verifier refuses the probe (%s); the end of its "
		     "log:\n%s",
		     what, strerror(error), tail);
}

/* ---- libbpf's messages ----------------------------------------------------------------- */

/*
 * libbpf has one callback a process and tells it no context. It is borrowed
 * while we call libbpf, and knows by thread whom it speaks for.
 */
static _Thread_local const struct saker_capture *log_capture;

static int _printf_(2, 0) log_line(enum libbpf_print_level level, const char *format, va_list args)
{
	static const enum saker_severity severities[] = {
		[LIBBPF_WARN] = SAKER_SEVERITY_WARNING,
		[LIBBPF_INFO] = SAKER_SEVERITY_INFO,
		[LIBBPF_DEBUG] = SAKER_SEVERITY_DEBUG,
	};
	char text[1024];
	int n;

	if (!log_capture || !log_capture->log || level == LIBBPF_DEBUG)
		return 0;
	n = vsnprintf(text, sizeof(text), format, args);
	if (n > 0 && text[MIN((size_t)n, sizeof(text) - 1) - 1] == '\n')
		text[MIN((size_t)n, sizeof(text) - 1) - 1] = 0;
	log_capture->log(log_capture->log_userdata, severities[level], text);
	return n;
}

struct ebpf_log_scope ebpf_log_begin(const struct saker_capture *capture)
{
	struct ebpf_log_scope scope;

	log_capture = capture;
	scope.previous = (void *)libbpf_set_print(log_line);
	return scope;
}

void ebpf_log_end(struct ebpf_log_scope *scope)
{
	libbpf_set_print((libbpf_print_fn_t)scope->previous);
	log_capture = NULL;
}
