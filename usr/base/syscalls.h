/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a C library may not know yet, such as musl before 1.2.5, called as glibc
 * has them. The kernel may still answer ENOSYS.
 */
#ifndef BASE_SYSCALLS_H
#define BASE_SYSCALLS_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef __GLIBC__
#ifndef RWF_NOWAIT
#include <linux/fs.h>
#endif
#ifndef STATX_SIZE
#include <linux/stat.h>
#endif

/* The kernel takes the offset in two longs and, where one holds it all, ignores the second. */
static inline ssize_t sys_preadv2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags)
{
	return syscall(SYS_preadv2, fd, iov, (long)cnt, (long)offset, (long)((uint64_t)offset >> 32),
		       flags);
}

static inline ssize_t sys_pwritev2(int fd, const struct iovec *iov, int cnt, off_t offset,
				   int flags)
{
	return syscall(SYS_pwritev2, fd, iov, (long)cnt, (long)offset,
		       (long)((uint64_t)offset >> 32), flags);
}

static inline int sys_statx(int dir, const char *path, int flags, unsigned int mask,
			    struct statx *st)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}

#define preadv2(fd, iov, cnt, offset, flags) sys_preadv2(fd, iov, cnt, offset, flags)
#define pwritev2(fd, iov, cnt, offset, flags) sys_pwritev2(fd, iov, cnt, offset, flags)
#define statx(dir, path, flags, mask, st) sys_statx(dir, path, flags, mask, st)
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif
#endif /* __GLIBC__ */

#endif
