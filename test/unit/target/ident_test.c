/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identities: stable, unique over hosts, targets and LUNs; and the machine's id
 * behind them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/machine_id.h"
#include "target/siphash.h"
#include "target_fake.h"

/* Key and text are 00 01 02 ..., as in the paper; the results its authors' for 128 bits. */
static void siphash_gives_its_reference_values(void **state)
{
	static const uint8_t want_0[16] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					    0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 };
	static const uint8_t want_1[16] = { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
					    0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 };
	uint8_t key[16], text[64], out[16];

	(void)state;
	for (int i = 0; i < 64; i++)
		text[i] = (uint8_t)i;
	memcpy(key, text, 16);
	siphash128(out, key, text, 0);
	assert_memory_equal(out, want_0, 16);
	siphash128(out, key, text, 1);
	assert_memory_equal(out, want_1, 16);
}

/* The identity of LUN @lun of target @name on a machine whose id begins with @machine. */
static struct lu_ident ident(uint8_t machine, uint32_t tid, const char *name, uint64_t lun,
			     const char *id, const char *sn)
{
	struct fake *f = fake_new(NULL);
	struct lu_ident out;
	struct target *t;
	struct lu *lu;

	memset(f->core.machine_id, 0, 16);
	f->core.machine_id[0] = machine;
	t = fake_target(f, tid, name);
	lu = fake_disk(f, t, lun, 10);
	if (id)
		assert_int_equal(lu_set(lu, "scsi_id", id, NULL), 0);
	if (sn)
		assert_int_equal(lu_set(lu, "scsi_sn", sn, NULL), 0);
	out = lu->id;
	fake_free(f);
	return out;
}

static bool same_designators(const struct lu_ident *a, const struct lu_ident *b)
{
	bool naa = !memcmp(a->naa, b->naa, 8), uuid = !memcmp(a->uuid, b->uuid, 16);

	assert_int_equal(naa, uuid);
	return naa;
}

static bool same_all(const struct lu_ident *a, const struct lu_ident *b)
{
	bool all = !strcmp(a->scsi_id, b->scsi_id) && !strcmp(a->scsi_sn, b->scsi_sn);

	assert_int_equal(all, same_designators(a, b));
	return all;
}

static void defaults_are_stable_and_nowhere_else_the_same(void **state)
{
	struct lu_ident here = ident(1, 1, "iqn.t", 1, NULL, NULL), other;

	(void)state;
	other = ident(1, 1, "iqn.t", 1, NULL, NULL);
	assert_true(same_all(&here, &other));
	other = ident(1, 9, "iqn.t", 1, NULL, NULL); /* the tid may change over restarts */
	assert_true(same_all(&here, &other));
	other = ident(2, 1, "iqn.t", 1, NULL, NULL);
	assert_false(same_all(&here, &other));
	other = ident(1, 1, "iqn.t", 11, NULL, NULL);
	assert_false(same_all(&here, &other));
	other = ident(1, 1, "iqn.t1", 1, NULL, NULL);
	assert_false(same_all(&here, &other));
}

static void defaults_have_the_form_that_tools_expect(void **state)
{
	struct lu_ident id = ident(1, 1, "iqn.t", 1, NULL, NULL);

	(void)state;
	assert_string_equal(id.vendor, "IET");
	assert_string_equal(id.product, "VIRTUAL-DISK");
	assert_int_equal(strncmp(id.scsi_id, "IET     ", 8), 0);
	assert_int_equal(strncmp(id.scsi_sn, "beaf", 4), 0);
	assert_int_equal(id.naa[0] >> 4, 3);
	assert_int_equal(id.uuid[6] >> 4, 8);
	assert_int_equal(id.uuid[8] >> 6, 2);
}

static void a_chosen_identity_is_the_same_wherever_the_lun_goes(void **state)
{
	struct lu_ident a = ident(1, 1, "iqn.t", 1, "my disk", NULL);
	struct lu_ident b = ident(2, 2, "iqn.u", 3, "my disk", NULL);

	(void)state;
	assert_string_equal(a.scsi_id, "my disk");
	assert_true(same_designators(&a, &b));
	b = ident(2, 2, "iqn.u", 3, "my disc", NULL);
	assert_false(same_designators(&a, &b));
	b = ident(2, 2, "iqn.u", 3, NULL, "my disk");
	assert_false(same_designators(&a, &b));
	a = ident(1, 1, "iqn.t", 1, NULL, "my disk");
	assert_true(same_designators(&a, &b));
	a = ident(1, 1, "iqn.t", 1, "x", "1");
	b = ident(2, 1, "iqn.t", 1, "x", "2");
	assert_false(same_designators(&a, &b));
}

/* --- the machine's id ----------------------------------------------------------------------- */

static char dir[] = "/tmp/tgt-ident-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const char *file(const char *name, const char *text)
{
	static char path[2][64];
	static int turn;
	FILE *f;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	unlink(path[turn]);
	if (!text)
		return path[turn];
	f = fopen(path[turn], "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path[turn];
}

static void a_saved_machine_id_is_read(void **state)
{
	static const uint8_t want[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	uint8_t id[16];
	const char *path = file("id", "00112233-4455-6677-8899-aabbCCDDeeff\n");

	(void)state;
	assert_int_equal(machine_id_get(id, path, "/nonexistent"), 0);
	assert_memory_equal(id, want, 16);
	unlink(path);
}

static void a_damaged_machine_id_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "\n", "0011223344556677889900aabbccddee f", "00112233445566778899aabbccddee",
		"00112233445566778899aabbccddeeff00", "00112233445566778899aabbccddeegg",
		"00112233445566778899aabbccddeeff\nmore",
	};
	uint8_t id[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *path = file("id", texts[i]);

		assert_int_equal(machine_id_get(id, path, "/nonexistent"), -EINVAL);
		unlink(path);
	}
}

static void the_hosts_id_is_used_but_never_shown(void **state)
{
	static const char text[] = "00112233445566778899aabbccddeeff\n";
	uint8_t a[16], b[16];
	const char *host = file("host", text), *none = file("id", NULL);

	(void)state;
	assert_int_equal(machine_id_get(a, none, host), 0);
	assert_int_equal(machine_id_get(b, NULL, host), 0);
	assert_memory_equal(a, b, 16);
	assert_int_not_equal(a[1], 0x11);
	assert_int_equal(access(none, F_OK), -1);
	unlink(host);
}

static void without_any_one_is_made_and_kept(void **state)
{
	uint8_t a[16], b[16];
	const char *path = file("id", NULL);

	(void)state;
	assert_int_equal(machine_id_get(a, path, "/nonexistent"), 0);
	assert_int_equal(machine_id_get(b, path, "/nonexistent"), 0);
	assert_memory_equal(a, b, 16);
	unlink(path);
	assert_int_equal(machine_id_get(b, "/proc/none/id", "/nonexistent"), 0);
	assert_memory_not_equal(a, b, 16);
}

/* On a machine that has no state directory yet: else its disks had other names after a restart. */
static void the_folder_for_it_is_made(void **state)
{
	char folder[64], path[80];
	uint8_t a[16], b[16];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/ident_test.%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/id", folder);
	assert_int_equal(machine_id_get(a, path, "/nonexistent"), 0);
	assert_int_equal(machine_id_get(b, path, "/nonexistent"), 0);
	assert_memory_equal(a, b, 16);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_its_reference_values),
		cmocka_unit_test(defaults_are_stable_and_nowhere_else_the_same),
		cmocka_unit_test(defaults_have_the_form_that_tools_expect),
		cmocka_unit_test(a_chosen_identity_is_the_same_wherever_the_lun_goes),
		cmocka_unit_test(a_saved_machine_id_is_read),
		cmocka_unit_test(a_damaged_machine_id_is_refused),
		cmocka_unit_test(the_hosts_id_is_used_but_never_shown),
		cmocka_unit_test(without_any_one_is_made_and_kept),
		cmocka_unit_test(the_folder_for_it_is_made),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
