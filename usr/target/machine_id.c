/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's id, which keys the default identities of logical units. Read
 * once by core_init().
 */
#include "target/machine_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/keepfile.h"
#include "base/log.h"
#include "target/siphash.h"

#define ID_TEXT_MAX 128

/* The file as a string; -errno, also when it is longer than an id can be. */
static ssize_t read_text(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, ID_TEXT_MAX);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n == ID_TEXT_MAX)
		return -EFBIG;
	if (n >= 0)
		text[n] = '\0';
	return n;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 32 hexadecimal digits; dashes between them and white space at the end are allowed. */
static bool parse(uint8_t id[16], const char *text)
{
	unsigned int n = 0;

	memset(id, 0, 16);
	for (; *text && *text != '\n'; text++) {
		int v = hex_value(*text);

		if (*text == '-')
			continue;
		if (v < 0 || n == 32)
			return false;
		id[n / 2] = (uint8_t)(id[n / 2] << 4 | v);
		n++;
	}
	return n == 32 && text[strspn(text, "\n \t")] == '\0';
}

/* What leaves the machine must not show its id, so it goes in hashed (see machine-id(5)). */
static bool from_host(uint8_t id[16], const char *host_file)
{
	static const uint8_t key[16] = "tgt machine id ";
	char text[ID_TEXT_MAX];
	ssize_t n = read_text(host_file, text);

	if (n < 32)
		return false;
	siphash128(id, key, text, (size_t)n);
	return true;
}

static int save(const uint8_t id[16], const char *path)
{
	char text[34];

	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	text[32] = '\n';
	return keepfile_save(path, text, 33);
}

int machine_id_get(uint8_t id[16], const char *id_file, const char *host_file)
{
	char text[ID_TEXT_MAX];
	ssize_t n = id_file ? read_text(id_file, text) : -ENOENT;
	int r;

	if (n >= 0 && parse(id, text))
		return 0;
	if (n != -ENOENT) {
		log_err("%s: can't read a machine id of 32 hexadecimal digits from it: %s", id_file,
			n < 0 ? strerror((int)-n) : "it holds something else");
		return -EINVAL;
	}
	if (from_host(id, host_file))
		return 0;
	if (getrandom(id, 16, 0) != 16)
		return -errno;
	r = id_file ? save(id, id_file) : -ENOENT;
	if (r)
		log_warn("neither %s nor %s holds a machine id and none could be saved (%s): "
			 "identities of LUNs change at the next start",
			 host_file, id_file ? id_file : "a file of ours", strerror(-r));
	return 0;
}
