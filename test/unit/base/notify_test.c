/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service manager hears, on a socket that plays its part.
 */
#include "base/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void nothing_happens_without_a_manager(void **state)
{
	char **names;
	int first;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("LISTEN_FDS");
	notify_ready();
	notify_status("%d targets", 3);
	notify_stopping();
	assert_int_equal(notify_watchdog_ns(), 0);
	assert_int_equal(notify_listen_fds(&first, &names), 0);
	assert_int_equal(first, 3);
	notify_free_names(names);
}

#ifdef WITH_SYSTEMD
static int manager;

/* An abstract socket. */
static int setup(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char env[64];
	int n;

	(void)state;
	n = snprintf(env, sizeof(env), "@tgt-notify-test-%d", (int)getpid());
	memcpy(sun.sun_path + 1, env + 1, (size_t)n - 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setenv("NOTIFY_SOCKET", env, 1);
	return bind(manager, (struct sockaddr *)&sun,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n));
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	close(manager);
	return 0;
}

static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void the_manager_hears_each_state(void **state)
{
	unsigned long long us;

	(void)state;
	notify_ready();
	assert_string_equal(heard(), "READY=1");
	notify_status("two\nlines %d", 2);
	assert_string_equal(heard(), "STATUS=two lines 2");
	notify_reloading();
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
	assert_true(us > 0);
	notify_stopping();
	assert_string_equal(heard(), "STOPPING=1");
	notify_watchdog();
	assert_string_equal(heard(), "WATCHDOG=1");
}

static void the_watchdog_is_told_in_nanoseconds(void **state)
{
	char pid[16];

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ns(), 30 * NSEC_PER_SEC);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void sockets_come_with_their_names(void **state)
{
	char pid[16], **names;
	int first, saved = dup(3), fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	dup2(fd, 3);
	if (fd != 3)
		close(fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "portal", 1);
	assert_int_equal(notify_listen_fds(&first, &names), 1);
	assert_int_equal(first, 3);
	assert_string_equal(names[0], "portal");
	assert_null(names[1]);
	notify_free_names(names);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (saved < 0) {
		close(3);
		return;
	}
	dup2(saved, 3);
	close(saved);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_without_a_manager),
#ifdef WITH_SYSTEMD
		cmocka_unit_test_setup_teardown(the_manager_hears_each_state, setup, teardown),
		cmocka_unit_test(the_watchdog_is_told_in_nanoseconds),
		cmocka_unit_test(sockets_come_with_their_names),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
