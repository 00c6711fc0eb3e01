/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the management socket is: for tgtd, which makes it, and tgtadm, which must not
 * be linked with the server for this.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mgmt/server.h"

int mgmt_socket_path(char *out, size_t size, unsigned int control_port, struct err *err)
{
	const char *base = getenv("TGT_IPC_SOCKET");
	int n = snprintf(out, size, "%s.%u", base && *base ? base : "/var/run/tgtd/socket",
			 control_port);

	if (n < 0 || (size_t)n >= size || (size_t)n >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		err_set(err, ERR_INVALID_REQUEST, "the socket path in TGT_IPC_SOCKET is too long");
		return -ENAMETOOLONG;
	}
	return 0;
}
