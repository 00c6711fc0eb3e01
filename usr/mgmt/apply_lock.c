/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock file beside the management socket (apply_lock.h). It stays: to remove it would let two
 * hold locks of two files of this name.
 */
#include "mgmt/apply_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "mgmt/server.h"

int apply_lock(unsigned int control_port, void (*waiting)(void))
{
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)], path[sizeof(socket) + 8];
	struct err err = { .code = ERR_OK };
	int fd;

	if (mgmt_socket_path(socket, sizeof(socket), control_port, &err))
		return -1;
	snprintf(path, sizeof(path), "%s.apply", socket);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK && waiting)
		waiting();
	while (flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}
