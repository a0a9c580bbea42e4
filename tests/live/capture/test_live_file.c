// SPDX-License-Identifier: Apache-2.0
/* Calls that open, name and change files. */
#include "live.h"

#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define FLAG(name) SAKER_FLAG_file_flags_##name

static void stat_of(int fd, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	if (fd >= 0)
		assert_int_equal(fstat(fd, st), 0);
}

/* Device and inode of an open file, as stat(2) has them. */
static void dev_ino(struct live *live, int fd)
{
	struct stat st;

	stat_of(fd, &st);
	U32("dev", fd < 0 ? 0 : st.st_dev);
	U64("ino", fd < 0 ? 0 : st.st_ino);
}

static void t_open(struct live *live)
{
	const char *path = live_path(live, 0, "open");
	int fd;

	BEGIN(SYSCALL_OPEN_X);
	fd = (int)syscall(SYS_open, path, O_CREAT | O_RDWR | O_CLOEXEC | O_TRUNC, 0640);
	FIND();
	I64("fd", fd);
	TEXT("name", path);
	U32("flags",
	    FLAG(O_CREAT) | FLAG(O_RDWR) | FLAG(O_CLOEXEC) | FLAG(O_TRUNC) | FLAG(O_F_CREATED));
	U32("mode", 0640);
	dev_ino(live, fd);
	END();
	close(fd);
}

static void t_open_fails(struct live *live)
{
	BEGIN(SYSCALL_OPEN_X);
	syscall(SYS_open, "/nonexistent/x", O_WRONLY | O_APPEND, 0777);
	FIND();
	I64("fd", -ENOENT);
	TEXT("name", "/nonexistent/x");
	U32("flags", FLAG(O_WRONLY) | FLAG(O_APPEND));
	U32("mode", 0);
	dev_ino(live, -1);
	END();
}

static void t_openat(struct live *live)
{
	int fd;

	BEGIN(SYSCALL_OPENAT_2_X);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	FIND();
	I64("fd", fd);
	I64("dirfd", -100);
	TEXT("name", "/");
	U32("flags", FLAG(O_RDONLY) | FLAG(O_DIRECTORY) | FLAG(O_NONBLOCK));
	U32("mode", 0);
	dev_ino(live, fd);
	END();
	close(fd);
}

static void t_openat_tmpfile(struct live *live)
{
	int dir = open(live->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	BEGIN(SYSCALL_OPENAT_2_X);
	fd = (int)syscall(SYS_openat, dir, ".", O_TMPFILE | O_WRONLY | O_SYNC | O_EXCL, 0600);
	FIND();
	I64("fd", RESULT(fd));
	I64("dirfd", dir);
	TEXT("name", ".");
	U32("flags", FLAG(O_TMPFILE) | FLAG(O_DIRECTORY) | FLAG(O_WRONLY) | FLAG(O_SYNC) |
			     FLAG(O_DSYNC) | FLAG(O_EXCL));
	U32("mode", 0600);
	dev_ino(live, fd);
	END();
	close(fd);
	close(dir);
}

/* A bad pointer is an empty name, not a lost event. */
static void t_openat_bad_pointer(struct live *live)
{
	BEGIN(SYSCALL_OPENAT_2_X);
	syscall(SYS_openat, 5, (void *)8, O_RDONLY, 0);
	FIND();
	I64("fd", -EFAULT);
	I64("dirfd", 5);
	EMPTY("name");
	U32("flags", FLAG(O_RDONLY));
	U32("mode", 0);
	dev_ino(live, -1);
	END();
}

/* The longest name that the kernel takes, and one beyond what an event keeps. */
static void t_openat_long(struct live *live)
{
	char path[5001];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	BEGIN(SYSCALL_OPENAT_2_X);
	syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	FIND();
	path[4095] = 0;
	I64("fd", -ENAMETOOLONG);
	I64("dirfd", -100);
	TEXT("name", path);
	U32("flags", FLAG(O_RDONLY));
	U32("mode", 0);
	dev_ino(live, -1);
	END();
}

static void t_openat2(struct live *live)
{
	struct open_how how = {.flags = O_CREAT | O_WRONLY,
			       .mode = 0600,
			       .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	const char *path = live_path(live, 0, "openat2");
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	BEGIN(SYSCALL_OPENAT2_X);
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	FIND();
	I64("fd", RESULT(fd));
	I64("dirfd", dir);
	TEXT("name", path);
	U32("flags", FLAG(O_CREAT) | FLAG(O_WRONLY) | (fd >= 0 ? FLAG(O_F_CREATED) : 0));
	U32("mode", 0600);
	U32("resolve", SAKER_FLAG_openat2_flags_RESOLVE_NO_SYMLINKS |
			       SAKER_FLAG_openat2_flags_RESOLVE_NO_XDEV);
	dev_ino(live, fd);
	END();
	close(fd);
	close(dir);
}

static void t_open_by_handle_at(struct live *live)
{
	struct {
		struct file_handle handle;
		char bytes[MAX_HANDLE_SZ];
	} h;
	const char *path = live_path(live, 0, "by_handle");
	int dir, fd, mount_id;

	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	h.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, &h.handle, &mount_id, 0) < 0)
		return; /* a file system without handles */
	dir = open(live->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BEGIN(SYSCALL_OPEN_BY_HANDLE_AT_X);
	fd = open_by_handle_at(dir, &h.handle, O_RDWR);
	FIND();
	I64("fd", RESULT(fd));
	I64("mountfd", dir);
	U32("flags", FLAG(O_RDWR));
	if (fd >= 0)
		TEXT("path", path);
	else
		EMPTY("path");
	dev_ino(live, fd);
	END();
	close(fd);
	close(dir);
}

static void t_creat(struct live *live)
{
	const char *path = live_path(live, 0, "creat");
	int fd;

	BEGIN(SYSCALL_CREAT_X);
	fd = (int)syscall(SYS_creat, path, 0604);
	FIND();
	I64("fd", fd);
	TEXT("name", path);
	U32("mode", 0604);
	dev_ino(live, fd);
	U16("creat_flags", 0);
	END();
	close(fd);
}

static void t_names(struct live *live)
{
	const char *a = live_path(live, 0, "a"), *b = live_path(live, 1, "b"),
		   *c = live_path(live, 2, "c");
	long r;

	close(open(a, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	BEGIN(SYSCALL_RENAME_X);
	r = syscall(SYS_rename, a, b);
	FIND();
	I64("res", RESULT(r));
	TEXT("oldpath", a);
	TEXT("newpath", b);
	END();

	BEGIN(SYSCALL_RENAMEAT_X);
	r = syscall(SYS_renameat, AT_FDCWD, b, AT_FDCWD, a);
	FIND();
	I64("res", RESULT(r));
	I64("olddirfd", -100);
	TEXT("oldpath", b);
	I64("newdirfd", -100);
	TEXT("newpath", a);
	END();

	BEGIN(SYSCALL_RENAMEAT2_X);
	r = syscall(SYS_renameat2, 77, a, 78, b, RENAME_NOREPLACE);
	FIND();
	I64("res", RESULT(r));
	I64("olddirfd", 77);
	TEXT("oldpath", a);
	I64("newdirfd", 78);
	TEXT("newpath", b);
	U32("flags", SAKER_FLAG_renameat2_flags_RENAME_NOREPLACE);
	END();

	BEGIN(SYSCALL_LINK_2_X);
	r = syscall(SYS_link, b, c);
	FIND();
	I64("res", RESULT(r));
	TEXT("oldpath", b);
	TEXT("newpath", c);
	END();

	BEGIN(SYSCALL_LINKAT_2_X);
	r = syscall(SYS_linkat, AT_FDCWD, b, AT_FDCWD, a, AT_SYMLINK_FOLLOW);
	FIND();
	I64("res", RESULT(r));
	I64("olddir", -100);
	TEXT("oldpath", b);
	I64("newdir", -100);
	TEXT("newpath", a);
	U32("flags", SAKER_FLAG_linkat_flags_AT_SYMLINK_FOLLOW);
	END();

	BEGIN(SYSCALL_UNLINK_2_X);
	r = syscall(SYS_unlink, a);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", a);
	END();

	BEGIN(SYSCALL_UNLINKAT_2_X);
	r = syscall(SYS_unlinkat, AT_FDCWD, b, AT_REMOVEDIR);
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("name", b);
	U32("flags", SAKER_FLAG_unlinkat_flags_AT_REMOVEDIR);
	END();
	unlink(b);
	unlink(c);
}

static void t_symlinks(struct live *live)
{
	const char *a = live_path(live, 0, "s1"), *b = live_path(live, 1, "s2");
	long r;

	BEGIN(SYSCALL_SYMLINK_X);
	r = syscall(SYS_symlink, "/etc/shadow", a);
	FIND();
	I64("res", RESULT(r));
	TEXT("target", "/etc/shadow");
	TEXT("linkpath", a);
	END();

	BEGIN(SYSCALL_SYMLINKAT_X);
	r = syscall(SYS_symlinkat, "x", AT_FDCWD, b);
	FIND();
	I64("res", RESULT(r));
	TEXT("target", "x");
	I64("linkdirfd", -100);
	TEXT("linkpath", b);
	END();
}

static void t_directories(struct live *live)
{
	const char *a = live_path(live, 0, "d1"), *b = live_path(live, 1, "d2");
	char cwd[4096], buf[256];
	long r;
	int fd;

	BEGIN(SYSCALL_MKDIR_2_X);
	r = syscall(SYS_mkdir, a, 0700);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", a);
	U32("mode", 0700);
	END();

	BEGIN(SYSCALL_MKDIRAT_X);
	r = syscall(SYS_mkdirat, AT_FDCWD, b, 0711);
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("path", b);
	U32("mode", 0711);
	END();

	BEGIN(SYSCALL_RMDIR_2_X);
	r = syscall(SYS_rmdir, b);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", b);
	END();

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	BEGIN(SYSCALL_CHDIR_X);
	r = syscall(SYS_chdir, a);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", a);
	END();

	BEGIN(SYSCALL_GETCWD_X);
	r = syscall(SYS_getcwd, buf, sizeof(buf));
	FIND();
	I64("res", RESULT(r));
	TEXT("path", a);
	END();

	BEGIN(SYSCALL_GETCWD_X);
	r = syscall(SYS_getcwd, buf, 1);
	FIND();
	I64("res", RESULT(r));
	EMPTY("path");
	END();

	fd = open(cwd, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BEGIN(SYSCALL_FCHDIR_X);
	r = syscall(SYS_fchdir, fd);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	END();

	BEGIN(SYSCALL_GETDENTS_X);
	r = syscall(SYS_getdents, fd, buf, sizeof(buf));
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	END();

	BEGIN(SYSCALL_GETDENTS64_X);
	r = syscall(SYS_getdents64, fd, buf, 1);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	END();
	close(fd);

	BEGIN(SYSCALL_CHROOT_X);
	r = syscall(SYS_chroot, "/nonexistent");
	FIND();
	I64("res", RESULT(r));
	TEXT("path", "/nonexistent");
	END();
}

static void t_modes(struct live *live)
{
	const char *path = live_path(live, 0, "mode");
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	long r;

	BEGIN(SYSCALL_CHMOD_X);
	r = syscall(SYS_chmod, path, 04755);
	FIND();
	I64("res", RESULT(r));
	TEXT("filename", path);
	U32("mode", SAKER_FLAG_chmod_mode_S_ISUID | 0755);
	END();

	BEGIN(SYSCALL_FCHMOD_X);
	r = syscall(SYS_fchmod, fd, 01600);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	U32("mode", SAKER_FLAG_chmod_mode_S_ISVTX | 0600);
	END();

	BEGIN(SYSCALL_FCHMODAT_X);
	r = syscall(SYS_fchmodat, AT_FDCWD, path, 0640);
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("filename", path);
	U32("mode", 0640);
	END();

	BEGIN(SYSCALL_CHOWN_X);
	r = syscall(SYS_chown, path, 0, -1);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", path);
	U32("uid", 0);
	U32("gid", -1);
	END();

	BEGIN(SYSCALL_LCHOWN_X);
	r = syscall(SYS_lchown, path, -1, 0);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", path);
	U32("uid", -1);
	U32("gid", 0);
	END();

	BEGIN(SYSCALL_FCHOWN_X);
	r = syscall(SYS_fchown, fd, 0, 0);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	U32("uid", 0);
	U32("gid", 0);
	END();

	BEGIN(SYSCALL_FCHOWNAT_X);
	r = syscall(SYS_fchownat, AT_FDCWD, path, 0, 0, AT_SYMLINK_NOFOLLOW);
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("pathname", path);
	U32("uid", 0);
	U32("gid", 0);
	U32("flags", SAKER_FLAG_fchownat_flags_AT_SYMLINK_NOFOLLOW);
	END();
	close(fd);
}

static void t_stat(struct live *live)
{
	const char *path = live_path(live, 0, "stat");
	struct stat st;
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	long r;

	BEGIN(SYSCALL_STAT_X);
	r = syscall(SYS_stat, path, &st);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", path);
	END();

	BEGIN(SYSCALL_LSTAT_X);
	r = syscall(SYS_lstat, "/nonexistent", &st);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", "/nonexistent");
	END();

	BEGIN(SYSCALL_FSTAT_X);
	r = syscall(SYS_fstat, fd, &st);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	END();

	BEGIN(SYSCALL_NEWFSTATAT_X);
	r = syscall(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("path", path);
	U32("flags", SAKER_FLAG_newfstatat_flags_AT_SYMLINK_NOFOLLOW);
	END();

	BEGIN(SYSCALL_ACCESS_X);
	r = syscall(SYS_access, path, R_OK | W_OK);
	FIND();
	I64("res", RESULT(r));
	TEXT("name", path);
	U32("mode", SAKER_FLAG_access_flags_R_OK | SAKER_FLAG_access_flags_W_OK);
	END();

	BEGIN(SYSCALL_FLOCK_X);
	r = syscall(SYS_flock, fd, LOCK_EX | LOCK_NB);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	U32("operation", SAKER_FLAG_flock_flags_LOCK_EX | SAKER_FLAG_flock_flags_LOCK_NB);
	END();
	close(fd);
}

static void t_mknod(struct live *live)
{
	const char *a = live_path(live, 0, "fifo"), *b = live_path(live, 1, "null");
	long r;

	BEGIN(SYSCALL_MKNOD_X);
	r = syscall(SYS_mknod, a, S_IFIFO | 0600, 0);
	FIND();
	I64("res", RESULT(r));
	TEXT("path", a);
	U32("mode", SAKER_FLAG_mknod_mode_S_IFIFO | 0600);
	U32("dev", 0);
	END();

	BEGIN(SYSCALL_MKNODAT_X);
	r = syscall(SYS_mknodat, AT_FDCWD, b, S_IFCHR | 0600, makedev(1, 3));
	FIND();
	I64("res", RESULT(r));
	I64("dirfd", -100);
	TEXT("path", b);
	U32("mode", SAKER_FLAG_mknod_mode_S_IFCHR | 0600);
	U32("dev", makedev(1, 3));
	END();
}

static void t_mounts(struct live *live)
{
	long r;

	BEGIN(SYSCALL_MOUNT_X);
	r = syscall(SYS_mount, "none", "/nonexistent", "tmpfs", MS_NOSUID | MS_NODEV | 0xc0ed0000,
		    NULL);
	FIND();
	I64("res", RESULT(r));
	TEXT("dev", "none");
	TEXT("dir", "/nonexistent");
	TEXT("type", "tmpfs");
	U32("flags", SAKER_FLAG_mount_flags_NOSUID | SAKER_FLAG_mount_flags_NODEV);
	END();

	BEGIN(SYSCALL_UMOUNT2_X);
	r = syscall(SYS_umount2, "/nonexistent", MNT_DETACH | UMOUNT_NOFOLLOW);
	FIND();
	I64("res", RESULT(r));
	TEXT("name", "/nonexistent");
	U32("flags", SAKER_FLAG_umount_flags_DETACH | SAKER_FLAG_umount_flags_NOFOLLOW);
	END();

	BEGIN(SYSCALL_FSCONFIG_X);
	r = syscall(SYS_fsconfig, -1, 1, "key", "value", 0);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -1);
	U32("cmd", SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_STRING);
	TEXT("key", "key");
	EMPTY("value_bytebuf");
	EMPTY("value_charbuf");
	U32("aux", 0);
	END();
}

static void t_quotactl(struct live *live)
{
	uint64_t block[9] = {11, 12, 13, 14, 15, 16, 17, 18, 0x3f};
	long r;

	BEGIN(SYSCALL_QUOTACTL_X);
	r = syscall(SYS_quotactl, 0x80000801U /* Q_SETQUOTA, groups */, "/dev/nonexistent", 33,
		    block);
	FIND();
	I64("res", RESULT(r));
	TEXT("special", "/dev/nonexistent");
	EMPTY("quotafilepath");
	U64("dqb_bhardlimit", 11);
	U64("dqb_bsoftlimit", 12);
	U64("dqb_curspace", 13);
	U64("dqb_ihardlimit", 14);
	U64("dqb_isoftlimit", 15);
	U64("dqb_btime", 17);
	U64("dqb_itime", 18);
	U64("dqi_bgrace", 0);
	U64("dqi_igrace", 0);
	U8("dqi_flags", 0);
	U8("quota_fmt_out", SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
	U16("cmd", SAKER_FLAG_quotactl_cmds_Q_SETQUOTA);
	U8("type", SAKER_FLAG_quotactl_types_GRPQUOTA);
	U32("id", 33);
	U8("quota_fmt", SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
	END();
}

/* The pointer is a path, times, or a number, by the command. */
static void t_quotactl_commands(struct live *live)
{
	struct {
		uint64_t bgrace, igrace;
		uint32_t flags, valid;
	} info = {31, 32, 1, 7};
	uint32_t format = 4;
	static const struct {
		uint32_t cmd;
		uint16_t schema;
	} cmds[] = {
		{0x800002 /* Q_QUOTAON */, SAKER_FLAG_quotactl_cmds_Q_QUOTAON},
		{0x800006 /* Q_SETINFO */, SAKER_FLAG_quotactl_cmds_Q_SETINFO},
		{0x800004 /* Q_GETFMT */, SAKER_FLAG_quotactl_cmds_Q_GETFMT},
	};
	const void *pointers[] = {"/quota/file", &info, &format};
	uint32_t i;
	long r;

	for (i = 0; i < 3; i++) {
		bool on = i == 0, times = i == 1, fmt = i == 2;

		BEGIN(SYSCALL_QUOTACTL_X);
		r = syscall(SYS_quotactl, cmds[i].cmd << 8 | 1, "/dev/nonexistent", 2, pointers[i]);
		FIND();
		I64("res", RESULT(r));
		TEXT("special", "/dev/nonexistent");
		if (on)
			TEXT("quotafilepath", "/quota/file");
		else
			EMPTY("quotafilepath");
		U64("dqb_bhardlimit", 0);
		U64("dqb_bsoftlimit", 0);
		U64("dqb_curspace", 0);
		U64("dqb_ihardlimit", 0);
		U64("dqb_isoftlimit", 0);
		U64("dqb_btime", 0);
		U64("dqb_itime", 0);
		U64("dqi_bgrace", times ? 31 : 0);
		U64("dqi_igrace", times ? 32 : 0);
		U8("dqi_flags", times ? 1 : 0);
		U8("quota_fmt_out", fmt ? SAKER_FLAG_quotactl_quota_fmts_QFMT_VFS_V1
					: SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
		U16("cmd", cmds[i].schema);
		U8("type", SAKER_FLAG_quotactl_types_GRPQUOTA);
		U32("id", 0);
		U8("quota_fmt", on ? SAKER_FLAG_quotactl_quota_fmts_QFMT_VFS_V0
				   : SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
		END();
	}
}

const struct live_case live_file_cases[] = {
	CASE(t_open),
	CASE(t_open_fails),
	CASE(t_openat),
	CASE(t_openat_tmpfile),
	CASE(t_openat_bad_pointer),
	CASE(t_openat_long),
	CASE(t_openat2),
	CASE(t_open_by_handle_at),
	CASE(t_creat),
	CASE(t_names),
	CASE(t_symlinks),
	CASE(t_directories),
	CASE(t_modes),
	CASE(t_stat),
	CASE(t_mknod),
	CASE(t_mounts),
	CASE(t_quotactl),
	CASE(t_quotactl_commands),
	{NULL, NULL},
};
