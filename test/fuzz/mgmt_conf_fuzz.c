/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.conf: parsed and made into a model. Inputs that include other files are left out:
 * what they do depends on this machine.
 */
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "mgmt/conf_model.h"
#include "mgmt/conf_tree.h"

static bool includes(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 7 <= size; i++)
		if (!strncasecmp((const char *)data + i, "include", 7))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_notes notes = { .text = STRBUF_INIT };
	char path[32];
	json_t *model;
	int fd;

	if (includes(data, size))
		return -1;
	fd = memfd_create("conf", MFD_CLOEXEC);
	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	model = conf_load(path, &notes);
	/* Either there is a model or a reason. */
	fuzz_check(model || notes.errors);
	json_decref(model);
	strbuf_free(&notes.text);
	close(fd);
	return 0;
}
