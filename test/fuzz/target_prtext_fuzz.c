/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of persistent reservations. What is taken is what would be written: to write it and
 * read it again changes nothing. The checksum is put right, or no input would get past it.
 */
#include "base/keepfile.h"
#include "base/strbuf.h"
#include "fuzz.h"
#include "target/pr.h"
#include "target/pr_store.h"

static void again(const struct pr_owner *owner, const struct pr_state *s, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	pr_text_write(&out, owner, s);
	fuzz_check(strbuf_ok(&out) && !strcmp(out.s, text));
	strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pr_owner owner = { "iqn.2026-01.test:disk", 1 };
	struct pr_state *s = NULL;
	struct strbuf text = STRBUF_INIT;
	const char *why = NULL;

	strbuf_add(&text, data, size);
	if (size && data[size - 1] == '\n')
		keepfile_put_checksum(&text);
	if (strbuf_ok(&text) && !memchr(strbuf_str(&text), 0, text.len)) {
		if (pr_text_read(strbuf_str(&text), &owner, &s, &why)) {
			fuzz_check(why != NULL);
		} else {
			again(&owner, s, strbuf_str(&text));
			free(s);
		}
	}
	strbuf_free(&text);
	return 0;
}
