/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request of STGT 1.0, as its tgtadm sends it to show the system (old_tgtd.h). This tgtd
 * takes it for the begin of a line and says nothing.
 */
#include "mgmt/old_tgtd.h"

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define MODE_SYSTEM 0
#define OP_SHOW 2

/* In the machine's byte order. */
struct old_request {
	uint32_t mode, op;
	char lld[64];
	uint32_t len; /* of all of it */
	int32_t tid;
	uint64_t sid, lun;
	uint32_t rest[6];
};

bool old_tgtd(const struct sockaddr_un *addr)
{
	struct old_request req = { .mode = MODE_SYSTEM, .op = OP_SHOW, .len = sizeof(req), .tid = -1 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool said = false;

	_Static_assert(sizeof(req) == 120, "as STGT has it");
	if (fd < 0)
		return false;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
	    send(fd, &req, sizeof(req), MSG_NOSIGNAL) == (ssize_t)sizeof(req))
		said = poll(&p, 1, PATIENCE_MS) > 0;
	if (said) {
		uint32_t answer[2];

		/* Success, and how long the text is that follows. */
		said = recv(fd, answer, sizeof(answer), 0) == (ssize_t)sizeof(answer) && !answer[0];
	}
	close(fd);
	return said;
}
